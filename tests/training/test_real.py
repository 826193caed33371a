"""On real images: what no rectangles can show. Skipped without FOI_REAL_DATA."""

import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.data import builder, own, pipeline
from foi_tf.models import transfer
from foi_tf.study.config import Schedule
from foi_tf.study.dataset import Task
from foi_tf.study.grid import subset
from foi_tf.training import evaluator, optimizer, strategy
from foi_tf.training.trainer import Trainer


@pytest.fixture(name="camvid", scope="module")
def _camvid(real_data, tmp_path_factory):
    found = own.find(real_data / "camvid", ["masks"], "camvid", "driving", None)
    return builder.build(found.dataset, found.examples, tmp_path_factory.mktemp("data"))


def test_a_network_overfits_eight_images(camvid):
    """mIoU of the classes present, on the images that it was trained on."""
    crop, steps = (240, 320), 400
    where = strategy.make("cpu")
    strategy.make_repeatable(0)
    task = tasks.create(Task("camvid", "segmentation"), camvid.dataset)
    schedule = Schedule(
        optimizer="adam", learning_rate=3e-3, steps=steps, small_steps=steps, batch_size=4,
        policy="poly",
    )  # fmt: skip
    eight = pipeline.Input(
        prepared=camvid, split="train", task_type="segmentation", encode=task.encode, crop=crop,
        chosen=tuple(subset(camvid.ids["train"], 8)),
    )  # fmt: skip
    with where.scope():
        network = transfer.build("hrnet_mini", {"x": task.head()}, {"x": crop})
        trainer = Trainer(
            network=network, tasks={"x": task}, optimizer=optimizer.make(schedule, steps),
            strategy=where,
        )  # fmt: skip
    trainer.train_dataset = [pipeline.train(eight, schedule.batch_size)]
    trainer.train(tf.constant(steps))
    result = evaluator.evaluate(
        network.models["x"], task, pipeline.evaluate(eight, 4), where,
        images=8, label="eight images",
    )  # fmt: skip
    print(f"8 images of CamVid: mIoU {result['miou']:.3f}")
    assert result["miou"] > 0.9
