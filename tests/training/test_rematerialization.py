"""Maps that are computed again change neither losses nor updates."""

import re

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.training import strategies
from tests import tiny_backbone
from tests.training.trainers import make_batches, make_trainer


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def train(strategy, task_type, precision, **options):
    """Returns the losses of two steps, and the network."""
    trainer, network, _ = make_trainer([task_type], strategy, precision, **options)
    share = 8 // strategy.num_replicas_in_sync

    def make_for_host(context):
        return make_batches(task_type, share)

    trainer.train_dataset = [strategy.distribute_datasets_from_function(make_for_host)]
    return [trainer.train(tf.constant(1)) for _ in range(2)], network


def assert_equal_steps(strategy, task_type, precision, **options):
    (losses, network), (expected, other) = (
        train(strategy, task_type, precision, rematerialize=again, **options)
        for again in (True, False)
    )
    for ours, theirs in zip(losses, expected, strict=True):
        np.testing.assert_allclose([*ours.values()], [*theirs.values()], rtol=1e-6)
    for a, b in zip(network.variables, other.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6, err_msg=a.name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_type", "precision", "parts"),
    [("segmentation", "float32", 1), ("detection", "bfloat16", 1), ("depth", "float16", 2)],
)
def test_steps_are_the_same(task_type, precision, parts):
    """Also the moving averages of batch norm, which a second update would move further."""
    assert_equal_steps(strategies.create_strategy("cpu"), task_type, precision, parts=parts)


@pytest.mark.slow
def test_steps_of_two_replicas_are_the_same(two_replicas):
    """Batch norm is synchronized once more for the gradients."""
    assert_equal_steps(two_replicas, "segmentation", "float32")


@pytest.mark.slow
def test_maps_are_computed_again_in_steps_that_xla_compiles():
    batch = next(iter(make_batches("segmentation", 2)))

    def count_convolutions(again):
        where = strategies.create_strategy("cpu")
        trainer, _, _ = make_trainer(["segmentation"], where, rematerialize=again)
        step = tf.function(
            lambda given: trainer.replica_step("x:segmentation", given),
            autograph=False,
            jit_compile=True,
        )
        lowered = step.experimental_get_compiler_ir(batch)(stage="optimized_hlo")
        return len(re.findall(r" convolution\(|custom-call.*conv", lowered))

    # Those of the last segment are not: its maps are there when the gradients begin.
    assert count_convolutions(again=True) > count_convolutions(again=False)
