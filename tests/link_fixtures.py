"""Makes links on the colored rectangles, small enough to train in seconds."""

import pytest
import tensorflow as tf

from foi_tf.chains.links import Finished, Link, Member
from foi_tf.data.records import prepared_datasets
from foi_tf.study import schedules
from foi_tf.study.dataset import Task

TASK = Task("blocks", "segmentation")


def finish(link, value=0.5, metric="miou"):
    """Makes the record of a link as if it had been trained."""
    return Finished(
        link=link, metric=metric, value=value, metrics={metric: value}, n_train=1,
        domain="aerial", wall_seconds=1.0, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="session")
def blocks_data(blocks):
    """The prepared rectangles."""
    return prepared_datasets.load_prepared(blocks, "blocks")


@pytest.fixture(scope="session")
def make_link(blocks_data):
    """Makes a link on the rectangles; keywords change its fields or its schedule's."""

    def make(steps=6, **changes):
        schedule = schedules.Schedule(
            **{
                "optimizer": "sgd",
                "learning_rate": 0.05,
                "steps": steps,
                "small_steps": steps,
                "batch_size": 4,
            }
            | changes.pop("schedule", {})
        )
        member = Member(
            task=TASK, data=blocks_data.digest, images=None, crop=(32, 32), rescale=(0.8, 1.5)
        )
        fields = {
            "chain": ("scratch", str(TASK)),
            "task": TASK,
            "members": (member,),
            "parent": "",
            "steps": steps,
            "schedule": schedule,
            "backbone": "hrnet_mini",
            "precision": "float32",
            "seed": 0,
            "replicas": 1,
        }
        return Link(**fields | changes)

    return make


@pytest.fixture(autouse=True)
def own_precision_policy():
    policy = tf.keras.mixed_precision.global_policy()
    yield
    tf.keras.mixed_precision.set_global_policy(policy)
