import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.input import pipeline
from foi_tf.study.dataset import Dataset
from foi_tf.tasks.depth import Depth
from tests import raw_folders


def task(limits=None):
    row = Dataset(id="x", domain="indoor", train=1, val=1, classes={"depth": 1}, depth_range=limits)
    return Depth(row)


def losses(predicted, truth):
    outputs = tf.constant(predicted, tf.float32)[..., None]
    terms = task().loss(outputs, {"depth": tf.constant(truth, tf.float32)})
    return {name: float(value) for name, value in terms.items()}


def metrics(predicted, truth, limits=None, batch=2):
    one = task(limits)
    evaluator = one.accumulator()
    for start in range(0, len(truth), batch):
        found = one.decode(tf.constant(predicted[start : start + batch], tf.float32)[..., None])
        targets = {"depth": tf.constant(truth[start : start + batch], tf.float32)}
        statistics = one.summarize(found, targets)
        evaluator.update({name: value.numpy() for name, value in statistics.items()})
    return evaluator.result()


def test_losses_by_hand():
    truth = [[[1, 2, 4], [2, 0, 3]]]
    predicted = [[[2, 2, 3], [2, 9, 5]]]
    # Errors 1, 0, -1 over 0, unknown, 2: five known pixels.
    terms = losses(predicted, truth)
    assert terms["l1"] == pytest.approx((1 + 0 + 1 + 0 + 2) / 5)
    # Across: 0 - 1 and -1 - 0 in the upper row only; down: 0 - 1 and 2 - -1.
    assert terms["smoothness"] == pytest.approx((1 + 1 + 1 + 3) / 5)


def test_losses_equal_the_equations_on_random_maps():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.5, 9, (3, 7, 8)) * (rng.random((3, 7, 8)) > 0.3)
    predicted = rng.uniform(0.5, 9, truth.shape)
    known, l1, smoothness = 0, 0.0, 0.0
    for b, y, x in zip(*np.nonzero(truth), strict=True):
        known += 1
        l1 += abs(truth[b, y, x] - predicted[b, y, x])
        for v, u in ((y, x + 1), (y + 1, x)):
            if v < 7 and u < 8 and truth[b, v, u] > 0:
                of_truth = truth[b, v, u] - truth[b, y, x]
                smoothness += abs(of_truth - (predicted[b, v, u] - predicted[b, y, x]))
    terms = losses(predicted, truth)
    assert terms["l1"] == pytest.approx(l1 / known, rel=1e-5)
    assert terms["smoothness"] == pytest.approx(smoothness / known, rel=1e-5)


def test_the_truth_has_no_loss_and_a_constant_shift_is_smooth():
    truth = np.random.default_rng(1).uniform(1, 5, (2, 4, 4))
    assert losses(truth, truth) == {"l1": 0, "smoothness": 0}
    shifted = losses(truth + 0.5, truth)
    assert shifted["l1"] == pytest.approx(0.5, rel=1e-5)
    assert shifted["smoothness"] == pytest.approx(0, abs=1e-5)


def test_unknown_pixels_have_no_gradient():
    outputs = tf.Variable(tf.random.stateless_uniform([1, 3, 4, 1], [1, 2], 1, 5))
    truth = np.zeros((1, 3, 4), np.float32)
    truth[0, 1, 1:3] = 2
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(task().loss(outputs, {"depth": tf.constant(truth)}).values()))
    gradient = tape.gradient(loss, outputs).numpy()[..., 0]
    assert (gradient[truth == 0] == 0).all() and np.abs(gradient[truth > 0]).max() > 0
    assert losses(np.ones((1, 2, 2)), np.zeros((1, 2, 2))) == {"l1": 0, "smoothness": 0}


def test_metrics_by_hand():
    truth = np.asarray([[[1, 2, 0]], [[4, 0, 0]]])
    predicted = np.asarray([[[1.2, 1.5, 7]], [[5, 1, 1]]])
    result = metrics(predicted, truth)
    # Pixels of the set count alike, hence not the mean of two images' values.
    assert result["rmse"] == pytest.approx(np.sqrt((0.04 + 0.25 + 1) / 3), rel=1e-6)
    # The mean depth of 1, 2 and 4 is 7 / 3; their squares have the mean 7.
    assert result["constant_rmse"] == pytest.approx(np.sqrt(7 - (7 / 3) ** 2), rel=1e-6)
    # 1.2 is below 1.25, 2 / 1.5 is above, and 5 / 4 is not below.
    assert result["delta1"] == pytest.approx(1 / 3)


def test_metrics_equal_the_definitions_in_any_batches():
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.3, 20, (5, 33, 47)).astype(np.float32)
    truth[rng.random(truth.shape) < 0.2] = 0
    predicted = (truth + 0.1) * rng.uniform(0.6, 1.6, truth.shape).astype(np.float32)
    z, y = (a[truth > 0].astype(np.float64) for a in (truth, predicted))
    expected = {
        "rmse": np.sqrt(np.mean((z - y) ** 2)),
        "delta1": np.mean(np.maximum(z / y, y / z) < 1.25),
    }
    for batch in (1, 2, 5):
        result = metrics(predicted, truth, batch=batch)
        assert result["rmse"] == pytest.approx(expected["rmse"], rel=1e-7)
        assert result["delta1"] == pytest.approx(expected["delta1"], abs=1e-9)
        assert result["constant_rmse"] == pytest.approx(z.std(), rel=1e-6)


def test_predictions_are_clipped_to_the_range():
    truth = np.asarray([[[2.0, 8]]])
    assert metrics(np.asarray([[[0.1, 50]]]), truth, (2.0, 8.0)) == {
        "rmse": 0, "delta1": 1, "constant_rmse": 3,
    }  # fmt: skip
    assert metrics(np.asarray([[[0.1, 50]]]), truth)["delta1"] == 0
    # Without a range softplus may come out as zero; that is wrong and not NaN.
    zero = metrics(np.zeros((1, 1, 2)), truth)
    assert (zero["rmse"], zero["delta1"]) == (pytest.approx(34**0.5), 0)


def test_no_known_depth_has_no_metric():
    assert all(np.isnan(v) for v in metrics(np.ones((1, 2, 2)), np.zeros((1, 2, 2))).values())


def test_steps_compile_with_xla():
    one = task((1.0, 9.0))
    truth = {"depth": tf.random.stateless_uniform([2, 8, 8], [3, 4], 0, 5)}
    outputs = tf.random.stateless_uniform([2, 8, 8, 1], [5, 6], 0, 5)

    def run(outputs, truth):
        return one.loss(outputs, truth), one.summarize(one.decode(outputs), truth)

    compiled = tf.function(run, jit_compile=True)(outputs, truth)
    for a, b in zip(tf.nest.flatten(compiled), tf.nest.flatten(run(outputs, truth)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_stored_depth_comes_back_and_is_perfect(tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw", masks=False, boxes=False, depth=True)
    found = custom_dataset.find_custom_dataset(root, ["depth"], "far", "indoor", None)
    prepared = builder.build_records(found, tmp_path / "data")
    one = Depth(prepared.dataset)
    source = pipeline.Input(
        prepared=prepared, split="val", task_type="depth", encode=one.encode, crop=(48, 64)
    )
    written = {e["id"]: e["depth"] for e, _ in found.examples("val")}
    evaluator = one.accumulator()
    batches = pipeline.make_evaluation_batches(source, 2)
    for batch, names in zip(batches, np.reshape(prepared.ids["val"], (-1, 2)), strict=True):
        truth = batch["targets"]["depth"]
        expected = np.stack([written[name] for name in names])
        np.testing.assert_allclose(truth, expected, atol=0.0005)
        statistics = one.summarize(one.decode(truth[..., None]), batch["targets"])
        evaluator.update({name: value.numpy() for name, value in statistics.items()})
    found = evaluator.result()
    assert (found["rmse"], found["delta1"]) == (0, 1)
