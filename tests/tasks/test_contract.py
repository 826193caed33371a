"""Tests the contract of task types: each test runs over all of them."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.errors import FoiError
from foi_tf.models import transfer
from foi_tf.study import image_statistics
from foi_tf.study.dataset import Task
from foi_tf.study.image_statistics import ImageStatistics
from foi_tf.study.metrics import METRICS
from tests import tiny_backbone
from tests.augmented_examples import ROW, make_example

CROP = (64, 96)
STATISTICS = ((0.0,) * 3, (1 / 255,) * 3)


@pytest.fixture(name="made", params=sorted(tasks.TYPES), scope="module")
def _made(request):
    """Makes a task type, its network, the spec of its targets, images and targets."""
    task = tasks.create(Task("x", request.param), ROW)
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        network = transfer.build_network(
            "hrnet_mini", {"x": task.head()}, {"x": CROP}, {"x": STATISTICS}
        )
    # A dataset needs at least one element, and there may be no targets.
    encoded = tf.data.Dataset.from_tensors(0).map(
        lambda one: (one, task.encode(make_example(0, CROP)))
    )
    two = [task.encode(make_example(seed, CROP)) for seed in (0, 1)]
    targets = tf.nest.map_structure(lambda *rows: tf.stack(rows), *two)
    seeds = [seed + 9 * view for seed in (0, 1) for view in range(task.views)]
    images = tf.stack([make_example(seed, CROP)["image"] for seed in seeds])
    return task, network.models["x"], encoded.element_spec[1], images, targets


def test_metric_is_known(made):
    assert made[0].metric in METRICS


def test_targets_have_static_shapes(made):
    assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(made[2]))


def test_losses_are_finite_scalars_with_gradients(made):
    task, model, _, images, targets = made
    with tf.GradientTape() as tape:
        terms = task.loss(model(images, training=True), targets)
        total = tf.add_n(list(terms.values()))
    assert set(terms) == set(task.terms) and all(term.shape == () for term in terms.values())
    gradients = tape.gradient(total, model.trainable_variables)
    assert all(g is not None and bool(tf.reduce_all(tf.math.is_finite(g))) for g in gradients)


def test_statistics_have_a_row_an_image_and_give_the_metric(made):
    task, model, _, images, targets = made
    statistics = task.summarize(task.decode(model(images, training=False)), targets)
    assert all(value.shape[0] == 2 for value in statistics.values())
    evaluator = task.accumulator()
    statistics = {name: value.numpy() for name, value in statistics.items()}
    evaluator.update(statistics)
    value = evaluator.result()[task.metric]
    sums, parts = task.sums(statistics), task.parts(evaluator)
    if sums:
        assert sums[0].shape == sums[1].shape and len(sums[0]) == 2
        assert (sums[0] >= 0).all() and (sums[1] >= 0).all()
    if task.metric in image_statistics.METRICS:
        both = ImageStatistics(np.array(["a", "b"]), *sums)
        assert both.values(task.metric, np.ones(2)) == pytest.approx(value, rel=1e-9)
    if parts:
        assert len(parts.class_names) == len(parts.class_values) == len(parts.class_images)
        assert np.nanmean(parts.class_values) == pytest.approx(value, rel=1e-9)


@pytest.mark.slow
def test_outputs_compiled_by_xla_are_the_same(made):
    model, images = made[1], tf.cast(made[3], tf.float32)
    plain, compiled = (
        tf.function(lambda x: model(x, training=False), autograph=False, jit_compile=jit)(images)
        for jit in (False, True)
    )
    for expected, found in zip(*map(tf.nest.flatten, (plain, compiled)), strict=True):
        scale = float(tf.reduce_max(tf.abs(expected)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)


def test_decoding_has_static_shapes(made):
    task, model, _, images, _ = made
    spec = tf.TensorSpec(images.shape)
    function = tf.function(lambda x: task.decode(model(x, training=False)), autograph=False)
    outputs = function.get_concrete_function(spec).structured_outputs
    assert all(value.shape.is_fully_defined() for value in tf.nest.flatten(outputs))


def test_predictions_are_described_and_restored(made):
    task, model, _, images, _ = made
    found = task.decode(model(images, training=False))
    assert set(task.prediction_maps) <= set(found)
    assert all(f'"{name}"' in task.prediction_text for name in found) or not task.prediction_text
    back = task.to_image_pixels(found, tf.constant([[0.5, 0.25]]))
    assert set(back) == set(found)
    if "boxes" in found:
        np.testing.assert_allclose(back["boxes"], found["boxes"] * [2, 4, 2, 4], rtol=1e-6)


def test_cells_have_labels_or_say_that_they_have_none(made):
    task = made[0]
    if task.cell_dtype is None:
        with pytest.raises(NotImplementedError):
            task.cell_labels(make_example(0, CROP), CROP)
        return
    labels = task.cell_labels(make_example(0, CROP), CROP)
    assert labels.shape == (16, 24) and labels.dtype == tf.float32
    known = labels[~tf.math.is_nan(labels)].numpy()
    assert len(known) and (known.astype(task.cell_dtype) == known).all()


def test_unknown_types_are_refused():
    with pytest.raises(FoiError, match="x:panoptic: unknown trainable task type"):
        tasks.create(Task("x", "panoptic"), ROW)
