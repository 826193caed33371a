"""Micro-batches add up to the whole batch: loss terms, updates of weights, moving averages."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.training import strategies
from tests import tiny_backbone
from tests.training.trainers import make_batches, make_trainer


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def repeat_images(task_type, size):
    """Makes batches whose halves have equal images, so that batch norm sees equal statistics.

    Targets stay different, with other numbers of valid pixels and objects in each half.
    """
    half = size // 2

    def repeat(batch):
        first = batch["image"][:half]
        return batch | {"image": tf.concat([first, first], 0)}

    return make_batches(task_type, size).map(repeat)


def train(strategy, task_type, parts, steps=2, size=8):
    trainer, network, _ = make_trainer([task_type], strategy, parts=parts)
    share = size // strategy.num_replicas_in_sync

    def make_for_host(context):
        return repeat_images(task_type, share)

    trainer.train_dataset = [strategy.distribute_datasets_from_function(make_for_host)]
    outputs = [trainer.train(tf.constant(1)) for _ in range(steps)]
    terms = [f"x:{task_type}/{term}" for term in tasks.TYPES[task_type].terms]
    return [[output[term] for term in terms] for output in outputs], network, trainer


def assert_same(ours, whole):
    (losses, network, _), (expected, other, _) = ours, whole
    np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-6)
    for a, b in zip(network.variables, other.variables, strict=True):
        # Fused batch norm's variance is unbiased, and so depends on the number of images.
        rough = 5e-2 if "variance" in a.name else 2e-5
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=rough, atol=rough, err_msg=a.name)


@pytest.mark.slow
@pytest.mark.parametrize("task_type", ["segmentation", "classification"])
def test_two_parts_are_the_whole_batch(task_type):
    """With equal statistics of batch norm they differ by rounding alone.

    One divides by numbers of valid elements, the other by that of images; for the losses of all
    task types see tests/tasks/test_replica_shares.py.
    """
    where = strategies.create_strategy("cpu")
    ours, whole = (train(where, task_type, parts) for parts in (2, 1))
    assert_same(ours, whole)
    first, second = ours[0]
    assert np.abs(np.subtract(first, second)).max() > 1e-3  # The first step changed something.
    assert int(ours[2].optimizer.iterations) == int(ours[2].global_step) == 2


@pytest.mark.slow
def test_parts_of_two_replicas_are_the_whole_batch(two_replicas):
    assert_same(*(train(two_replicas, "segmentation", parts) for parts in (2, 1)))
