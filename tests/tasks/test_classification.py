import numpy as np
import pytest
import tensorflow as tf

from foi_tf.study.dataset import Dataset
from foi_tf.tasks import Classification

TASK = Classification(
    Dataset(id="x", domain="websearch", train=1, val=1, classes={"classification": 3})
)


def test_loss_is_the_cross_entropy():
    logits = tf.constant([[0.0, 0, 0], [0, np.log(2.0), 0]])
    loss = TASK.loss(logits, {"label": tf.constant([2, 1])})["cross_entropy"]
    assert float(loss) == pytest.approx((np.log(3) + np.log(2)) / 2)


def test_top1_counts_over_batches():
    evaluator = TASK.accumulator()
    for labels in ([0, 1], [2, 2]):
        predictions = TASK.decode(tf.constant([[9.0, 0, 1], [0, 1, 5]]))
        statistics = TASK.summarize(predictions, {"label": tf.constant(labels)})
        evaluator.update({name: value.numpy() for name, value in statistics.items()})
    assert evaluator.result() == {"top1": 0.5, "constant_top1": 0.5}  # Two of four are 2.
    assert np.isnan(TASK.accumulator().result()["top1"])
