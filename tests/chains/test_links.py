"""Links as they are named and recorded: digests and rows of version 0.1.0 stay as they were."""

import dataclasses
import json
import math

import pytest

from foi_tf.chains import links, result_row
from foi_tf.chains.initial_weights import Start
from foi_tf.chains.links import Finished, Link, Member
from foi_tf.chains.lr_selection import Selection
from foi_tf.study.dataset import Task
from foi_tf.study.schedules import Schedule

SCHEDULE = Schedule(optimizer="sgd", learning_rate=0.05, steps=6, small_steps=4, batch_size=4)


def describe_member(task):
    return Member(task=task, data="0123456789abcdef", images=150, crop=(32, 64), rescale=(0.8, 1.5))


def describe_link(chain, task, **changes):
    """A link of which every field is written down here."""
    fields = {
        "chain": chain, "task": task, "members": (describe_member(task),),
        "parent": "fedcba9876543210", "steps": 4, "schedule": SCHEDULE,
        "backbone": "hrnet_mini", "precision": "float32", "seed": 3, "replicas": 1,
    }  # fmt: skip
    return Link(**fields | changes)


def record(link, value):
    return Finished(
        link=link, metric="miou", value=value, metrics={"miou": value, "pixel_accuracy": 0.75},
        n_train=12, domain="aerial", wall_seconds=36.0, device="cpu", version="0.1.0",
    )  # fmt: skip


_RECIPES_IN_0_1_0 = {"keypoints": 2, "depth": 2}


@pytest.mark.parametrize(("task_type", "digest"), [
    ("segmentation", "15b8f7d8fc085754"), ("detection", "806d830d22c5a8a2"),
    ("keypoints", "e23c195b0b019166"), ("depth", "00163dc56dfcead8"),
    ("classification", "40b9a5efecbab7b3"), ("contrastive", "f54dbe1efc2fcf2e"),
])  # fmt: skip
def test_digests_of_the_same_recipe_are_those_of_version_0_1_0(task_type, digest, monkeypatch):
    monkeypatch.setitem(links.RECIPES, task_type, _RECIPES_IN_0_1_0.get(task_type, 1))
    task = Task("blocks", task_type)
    assert describe_link(("ilsvrc", str(task)), task).digest == digest


def test_the_digest_of_a_set_is_that_of_version_0_1_0_for_one_replica():
    link = describe_link(
        ("ilsvrc", "a:segmentation+b:segmentation"),
        Task("a+b", "segmentation"),
        members=tuple(describe_member(Task(name, "segmentation")) for name in "ab"),
        seed=0,
        hosts=2,
        replicas=8,
        precision="bfloat16",
        holdout=0.2,
    )
    assert link.digest == "daee7fc6fa5aa26d"
    # Until the losses of several replicas had one mean, which that of one replica always was.
    assert dataclasses.replace(link, replicas=1).digest == "b427484eb2296488"


def test_the_row_of_a_chain_is_that_of_version_0_1_0():
    source = describe_link(("ilsvrc", "coco:segmentation"), Task("coco", "segmentation"))
    target = describe_link(
        (*source.chain, "blocks:segmentation"), Task("blocks", "segmentation"), parent=source.digest
    )
    start = Start(chain=source.chain, digest=source.digest, finished=record(source, 0.25))
    columns = result_row.build_source_columns(start, "consumer", 1500)
    chosen = Selection("validation", {0.015: 0.25, 0.05: 0.5, 0.15: math.nan})
    row = result_row.build_row(record(target, 0.5), chosen, start, columns, "small")
    assert json.dumps(dataclasses.asdict(row)) == (
        '{"target": "blocks", "target_type": "segmentation", "target_domain": "aerial", '
        '"source": "coco", "source_type": "segmentation", "source_domain": "consumer", '
        '"setting": "small", "backbone": "hrnet_mini", "init": "ilsvrc", "seed": 3, '
        '"learning_rate": 0.05, "n_source": 1500, "n_target": 12, "metric": "miou", '
        '"value": 0.5, "steps": 4, "wall_seconds": 36.0, "device": "cpu", "devices": 1, '
        '"chip_hours": 0.01, "config_digest": "9184e20e5ff7dc6e", "version": "0.1.0", '
        '"selection": "validation", '
        '"candidates": "{\\"0.015\\": 0.25, \\"0.05\\": 0.5, \\"0.15\\": null}", '
        f'"parent": "{source.digest}", "pretraining": "fedcba9876543210", "subset": "", '
        '"machine": "", "tensorflow": "", "varied": "init,order", '
        '"extra": {"pixel_accuracy": 0.75, "source_value": 0.25}}'
    )


def test_a_record_of_version_0_1_0_is_read(tmp_path):
    """Such a file, as `json` wrote it; a missing field or another name would be refused."""
    link = describe_link(("ilsvrc", "blocks:segmentation"), Task("blocks", "segmentation"))
    (tmp_path / "link.json").write_text(
        '{"link": {"chain": ["ilsvrc", "blocks:segmentation"], '
        '"task": {"dataset": "blocks", "type": "segmentation"}, '
        '"members": [{"task": {"dataset": "blocks", "type": "segmentation"}, '
        '"data": "0123456789abcdef", "images": 150, "crop": [32, 64], "rescale": [0.8, 1.5]}], '
        '"parent": "fedcba9876543210", "holdout": 0.0, "steps": 4, '
        '"schedule": {"optimizer": "sgd", "learning_rate": 0.05, "steps": 6, "small_steps": 4, '
        '"batch_size": 4, "policy": "step", "boundaries": [0.6, 0.85], "decay": 0.1, '
        '"power": 0.9, "warmup": 0.0, "momentum": 0.9, "weight_decay": 0.0}, '
        '"backbone": "hrnet_mini", "precision": "float32", "seed": 3, "replicas": 1, '
        '"hosts": 1}, "metric": "miou", "value": 0.5, '
        '"metrics": {"miou": 0.5, "pixel_accuracy": 0.75}, "n_train": 12, "domain": "aerial", '
        '"wall_seconds": 36.0, "device": "cpu", "version": "0.1.0"}'
    )
    assert links.load_finished(tmp_path) == record(link, 0.5)


def test_only_segmentation_is_given_what_to_upsample():
    of_type = {name: describe_member(Task("x", name)).options for name in links.RECIPES}
    assert of_type.pop("segmentation") == {"upsample": "logits"}
    assert not any(of_type.values())


def test_everything_that_matters_is_in_the_digest(make_link):
    link = make_link()
    (member,) = link.members
    schedule = dataclasses.replace(link.schedule, power=1.0)
    changes = {
        "chain": ("ilsvrc", "blocks:segmentation"), "task": Task("blocks", "detection"),
        "parent": "x", "members": (member, member), "holdout": 0.2, "steps": 7,
        "schedule": schedule, "backbone": "hrnet_w18", "precision": "bfloat16", "seed": 1,
        "replicas": 2, "hosts": 2, "varied": ("order",),
        "micro_batch": 2, "rematerialize": True,
    }  # fmt: skip
    of_member = {
        "task": Task("blocks", "detection"), "data": "x", "images": 5, "crop": (32, 64),
        "rescale": (1.0, 1.0), "fit": "cover", "upsample": "probabilities",
    }  # fmt: skip
    assert set(changes) == {field.name for field in dataclasses.fields(link)}
    assert set(of_member) == {field.name for field in dataclasses.fields(member)}
    others = [dataclasses.replace(link, **{name: value}) for name, value in changes.items()]
    for name, value in of_member.items():
        changed = dataclasses.replace(member, **{name: value})
        others.append(dataclasses.replace(link, members=(changed,)))
    assert len({other.digest for other in others} | {link.digest}) == len(others) + 1
    assert make_link().digest == link.digest
