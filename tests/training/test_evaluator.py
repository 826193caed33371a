"""Evaluation: what it finds in each image, and that the metric is made of it."""

import dataclasses
import functools
import json

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.chains import links, result_row
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.input import pipeline
from foi_tf.models import transfer
from foi_tf.study import image_statistics
from foi_tf.study.dataset import Task
from foi_tf.study.image_statistics import ImageStatistics
from foi_tf.training import evaluator, strategies
from tests import raw_folders, tiny_backbone
from tests.result_rows import BASELINE

CROP = (32, 64)


@pytest.fixture(name="prepared", scope="module")
def _prepared(tmp_path_factory):
    """Rectangles with masks, depth and labels; five to evaluate on."""
    root = raw_folders.write_folder(tmp_path_factory.mktemp("raw"), val=5, boxes=False, depth=True)
    found = custom_dataset.find_custom_dataset(root, ["masks", "depth"], "each", "aerial", None)
    classes = dict(found.dataset.classes) | {"classification": 3}
    splits = {
        split: [
            dataclasses.replace(
                entry, annotations=(*entry.annotations, functools.partial(dict, label=place % 3))
            )
            for place, entry in enumerate(entries)
        ]
        for split, entries in found.splits.items()
    }
    row = dataclasses.replace(found.dataset, classes=classes)
    folder = dataclasses.replace(found, dataset=row, splits=splits)
    return builder.build_records(folder, tmp_path_factory.mktemp("data"))


@pytest.fixture(name="make")
def _make(prepared, monkeypatch):
    """Task, network and what is evaluated, of a task type on a strategy."""
    tiny_backbone.use_tiny_backbone(monkeypatch)

    def make(task_type, where):
        tf.keras.backend.clear_session()
        strategies.make_repeatable(0)
        task = tasks.create(Task("each", task_type), prepared.dataset)
        statistics = {"x": (prepared.dataset.mean, prepared.dataset.std)}
        with where.scope():
            network = transfer.build_network(
                "hrnet_mini", {"x": task.head()}, {"x": CROP}, statistics
            )
        source = pipeline.Input(
            prepared=prepared, split="val", task_type=task_type, encode=task.encode, crop=CROP,
            # Another order than that of the records.
            chosen=tuple(prepared.ids["val"][::-1]),
        )  # fmt: skip
        return task, network.models["x"], source

    return make


def by_hand(task, model, source):
    """Numerator and denominator of each image by its name, one at a time."""
    named = dataclasses.replace(source, encode=lambda e: source.encode(e) | {"id": e["id"]})
    found = {}
    for batch in pipeline.make_evaluation_batches(named, 1):
        (name,) = batch["targets"].pop("id").numpy()
        outputs = model(batch["image"], training=False)
        statistics = task.summarize(task.decode(outputs), batch["targets"])
        sums = task.sums({key: value.numpy() for key, value in statistics.items()})
        found[name.decode()] = [of_image[0] for of_image in sums]
    return found


@pytest.mark.parametrize("replicas", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "task_type", [pytest.param("classification", marks=pytest.mark.slow), "depth", "segmentation"]
)
def test_the_metric_is_made_of_what_is_kept(make, tmp_path, request, task_type, replicas):
    where = (
        request.getfixturevalue("two_replicas")
        if replicas == 2
        else strategies.create_strategy("cpu")
    )
    task, model, source = make(task_type, where)
    batches = where.distribute_datasets_from_function(
        lambda _: pipeline.make_evaluation_batches(source, 2, replicas=replicas)
    )
    found = evaluator.Evaluator(model, task, where).evaluate(
        batches, ids=source.ids(), label="test"
    )
    image_statistics.save_statistics(found.images, tmp_path / "images.npz")
    kept = image_statistics.read_statistics(tmp_path / "images.npz")
    value = float(kept.values(task.metric, np.ones(5)))
    assert value == pytest.approx(found.metrics[task.metric], rel=1e-9)

    expected = by_hand(task, model, source)
    assert sorted(kept.images) == sorted(expected)
    for name, *sums in zip(kept.images, kept.numerator, kept.denominator, strict=True):
        # Pixels between two classes may fall to either, by the order of sums in a batch.
        np.testing.assert_allclose(sums, expected[name], rtol=1e-4, atol=2)
    if task_type != "classification":
        assert len({str(sums) for sums in expected.values()}) == 5  # They tell images apart.


def test_counts_take_little_space(tmp_path):
    """As of the largest of the validation sets: 5000 images of 133 classes."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 200_000, (5000, 133)) * (rng.random((5000, 133)) < 0.06)
    names = np.array([f"val/{place:012d}" for place in rng.integers(0, 10**12, 5000)])
    union = pixels.astype(np.int32)
    image_statistics.save_statistics(
        ImageStatistics(names, union // 2, union), tmp_path / "coco.npz"
    )
    assert (tmp_path / "coco.npz").stat().st_size < 2**20


def test_a_row_never_stands_beside_the_images_of_another_run(tmp_path):
    found = ImageStatistics(np.array(["a"]), np.array([[1]]), np.array([[2]]))
    image_statistics.save_statistics(found, links.image_statistics_path(tmp_path / "with"))
    for value, link in ((0.5, "with"), (0.4, "without")):
        row = dataclasses.replace(BASELINE, value=value)
        result_row.write_row(row, tmp_path / link, tmp_path / "results")
        (path,) = (tmp_path / "results").glob("*.json")
        assert json.loads(path.read_text())["value"] == value
        kept = [path.stem] if link == "with" else []
        assert list(image_statistics.find_statistics(tmp_path / "results")) == kept
