import numpy as np
import pytest
import tensorflow as tf

from foi_tf.study.dataset import Dataset
from foi_tf.tasks import Segmentation


def row(classes):
    return Dataset(id="x", domain="aerial", train=1, val=1, classes={"segmentation": classes})


@pytest.mark.parametrize(
    ("classes", "ignored", "dtype"), [(3, 255, tf.uint8), (300, 65535, tf.uint16)]
)
def test_the_ignore_label_is_no_class(classes, ignored, dtype):
    task = Segmentation(row(classes))
    mask = tf.constant([[[0], [2]], [[ignored], [1]]], dtype)
    assert task.encode({"mask": mask})["mask"].numpy().tolist() == [[0, 2], [-1, 1]]


def test_loss_is_the_mean_over_pixels_with_a_class():
    task = Segmentation(row(2))
    logits = tf.math.log(tf.constant([[[[0.5, 0.5], [0.2, 0.8]], [[0.1, 0.9], [0.25, 0.75]]]]))
    targets = {"mask": tf.constant([[[0, 1], [-1, 0]]])}
    expected = -np.mean(np.log([0.5, 0.8, 0.25]))
    assert float(task.loss(logits, targets)["cross_entropy"]) == pytest.approx(expected, rel=1e-6)


def test_pixels_without_a_class_have_no_gradient():
    task = Segmentation(row(2))
    logits = tf.Variable(tf.random.stateless_normal([1, 2, 2, 2], [1, 2]))
    with tf.GradientTape() as tape:
        loss = task.loss(logits, {"mask": tf.constant([[[-1, -1], [-1, 1]]])})["cross_entropy"]
    gradient = tape.gradient(loss, logits).numpy()
    assert np.abs(gradient[0, 1, 1]).min() > 0
    gradient[0, 1, 1] = 0
    assert not gradient.any()
    nothing = task.loss(logits, {"mask": tf.fill([1, 2, 2], -1)})["cross_entropy"]
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
    assert np.isnan(Segmentation(row(4)).accumulator().result()["miou"])


def test_predictions_that_equal_the_truth_are_perfect():
    task = Segmentation(row(3))
    mask = tf.random.stateless_uniform([2, 6, 6], [3, 4], 0, 3, tf.int32)
    predictions = task.decode(tf.one_hot(mask, 3))
    evaluator = task.accumulator()
    evaluator.update({"confusion": task.summarize(predictions, {"mask": mask})["confusion"]})
    assert evaluator.result() == {"miou": 1.0, "pixel_accuracy": 1.0}
