import numpy as np
import pytest
import tensorflow as tf

from foi_tf.study.dataset import Dataset
from foi_tf.tasks import Segmentation

both_orders = pytest.mark.parametrize("order", ["probabilities", "logits"])


def row(classes):
    return Dataset(id="x", domain="aerial", train=1, val=1, classes={"segmentation": classes})


@pytest.mark.parametrize(
    ("classes", "ignored", "dtype"), [(3, 255, tf.uint8), (300, 65535, tf.uint16)]
)
def test_the_ignore_label_is_no_class(classes, ignored, dtype):
    task = Segmentation(row(classes))
    mask = tf.constant([[[0], [2]], [[ignored], [1]]], dtype)
    targets = {name: value[None] for name, value in task.encode({"mask": mask}).items()}
    assert targets["mask"].dtype == (tf.uint8 if dtype == tf.uint8 else tf.int32)
    outputs = tf.fill((1, 2, 2, classes), 1 / classes)
    confusion = task.summarize(task.decode(outputs), targets)["confusion"].numpy()[0]
    assert confusion[:3, 0].tolist() == [1, 1, 1] and confusion.sum() == 3
    unknown = {"mask": tf.fill((1, 2, 2), tf.constant(ignored, targets["mask"].dtype))}
    assert float(task.loss(outputs, unknown)["cross_entropy"]) == 0


@both_orders
def test_loss_is_the_mean_over_pixels_with_a_class(order):
    task = Segmentation(row(2), order)
    chances = tf.constant([[[[0.5, 0.5], [0.2, 0.8]], [[0.1, 0.9], [0.25, 0.75]]]])
    outputs = chances if order == "probabilities" else tf.math.log(chances)
    targets = {"mask": tf.constant([[[0, 1], [-1, 0]]])}
    expected = -np.mean(np.log([0.5, 0.8, 0.25]))
    assert float(task.loss(outputs, targets)["cross_entropy"]) == pytest.approx(expected, rel=1e-6)


def test_loss_and_gradient_by_hand_where_probabilities_are_upsampled():
    """Two cells, one pixel of which has 3/4 of the first and 1/4 of the second."""
    task = Segmentation(row(2))
    head = task.head()
    head(tf.zeros([1, 1, 2, 1]), tf.zeros([1, 1, 4, 3]))
    logits = tf.Variable([[[[1.0, 0.0], [-2.0, 0.5]]]])
    with tf.GradientTape() as tape:
        outputs = head.complete(logits, tf.zeros([1, 1, 4, 3]))
        loss = task.loss(outputs, {"mask": tf.constant([[[-1, 0, -1, -1]]])})["cross_entropy"]
    first, second = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(2.5))
    chance = 0.75 * first + 0.25 * second
    assert float(loss) == pytest.approx(-np.log(chance), rel=1e-6)
    slopes = np.array([0.75 * first * (1 - first), 0.25 * second * (1 - second)]) / chance
    expected = np.stack([-slopes, slopes], -1)
    np.testing.assert_allclose(tape.gradient(loss, logits)[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("size", [50.0, 1e4])
def test_probabilities_of_zero_have_a_finite_loss_and_gradient(size):
    """Every pixel is sure of the wrong class, as many as share the cells of a large image."""
    task = Segmentation(row(3))
    head = task.head()
    pixels = tf.zeros([1, 32, 32, 3])
    head(tf.zeros([1, 8, 8, 1]), pixels)
    logits = tf.Variable(tf.tile([[[[size, -size, -size]]]], [1, 8, 8, 1]))
    with tf.GradientTape() as tape:
        loss = task.loss(head.complete(logits, pixels), {"mask": tf.ones([1, 32, 32], tf.int32)})
        loss = loss["cross_entropy"]
    assert float(loss) == pytest.approx(-np.log(1e-30), rel=1e-6)
    assert np.isfinite(tape.gradient(loss, logits)).all()


@both_orders
def test_pixels_without_a_class_have_no_gradient(order):
    task = Segmentation(row(2), order)
    logits = tf.Variable(tf.random.stateless_normal([1, 2, 2, 2], [1, 2]))
    with tf.GradientTape() as tape:
        outputs = tf.nn.softmax(logits) if order == "probabilities" else logits
        loss = task.loss(outputs, {"mask": tf.constant([[[-1, -1], [-1, 1]]])})["cross_entropy"]
    gradient = tape.gradient(loss, logits).numpy()
    assert np.abs(gradient[0, 1, 1]).min() > 0
    gradient[0, 1, 1] = 0
    assert not gradient.any()
    nothing = task.loss(outputs, {"mask": tf.fill([1, 2, 2], -1)})["cross_entropy"]
    assert float(nothing) == 0


def test_confusion_equals_a_count_by_hand():
    task = Segmentation(row(5))
    rng = np.random.default_rng(0)
    truth = rng.integers(-1, 5, (3, 8, 9)).astype(np.int32)
    found = rng.integers(0, 5, (3, 8, 9)).astype(np.int32)
    statistics = task.summarize({"mask": tf.constant(found)}, {"mask": tf.constant(truth)})
    expected = np.zeros((3, 5, 5), int)
    for image in range(3):
        for t, f in zip(truth[image].flat, found[image].flat, strict=True):
            if t >= 0:
                expected[image, t, f] += 1
    assert np.array_equal(statistics["confusion"], expected)


def test_miou_by_hand():
    evaluator = Segmentation(row(4)).accumulator()
    # Class 3 occurs nowhere, class 2 in predictions only.
    one = np.asarray([[[3, 1, 0, 0], [0, 4, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
    evaluator.update({"confusion": one[:0]})
    evaluator.update({"confusion": one})
    result = evaluator.result()
    assert result["miou"] == pytest.approx((3 / 4 + 4 / 7 + 0) / 3)
    assert result["pixel_accuracy"] == pytest.approx(7 / 10)
    # Class 1, with 6 of 10 pixels, everywhere; class 0 then has an IoU of 0.
    assert result["constant_miou"] == pytest.approx(6 / 10 / 2)
    assert result["constant_pixel_accuracy"] == pytest.approx(6 / 10)
    assert np.isnan(Segmentation(row(4)).accumulator().result()["miou"])


def test_predictions_that_equal_the_truth_are_perfect():
    task = Segmentation(row(3))
    mask = tf.random.stateless_uniform([2, 6, 6], [3, 4], 0, 3, tf.int32)
    predictions = task.decode(tf.one_hot(mask, 3))
    evaluator = task.accumulator()
    evaluator.update({"confusion": task.summarize(predictions, {"mask": mask})["confusion"]})
    found = evaluator.result()
    assert (found["miou"], found["pixel_accuracy"]) == (1.0, 1.0)
