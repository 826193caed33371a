"""Steps lower to HLO with static shapes, which is what a TPU asks of them."""

import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.training import evaluator, strategies
from tests import tiny_backbone
from tests.training.trainers import CROP, make_batches, make_trainer


@pytest.fixture(name="tiny")
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def lower(step, batch):
    """Returns the HLO of a step; it is traced and lowered, but not run."""
    compiled = tf.function(step, autograph=False, jit_compile=True)
    return compiled.experimental_get_compiler_ir(batch)(stage="hlo")


def assert_steps_lower(task_type, precision):
    """Lowers the training step and the evaluation step of a task type."""
    trainer, network, made = make_trainer([task_type], strategies.create_strategy("cpu"), precision)
    name = f"x:{task_type}"
    batch = next(iter(make_batches(task_type, 2, place=0)))
    steps = (
        lambda b: trainer.replica_step(name, b),
        lambda b: evaluator.compute_batch_statistics(network.models[name], made[name], b),
    )
    for step in steps:
        text = lower(step, batch)
        assert "ENTRY" in text
        assert "<=" not in text  # A dynamic size would be printed as f32[<=8].


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("task_type", "precision"),
    [("segmentation", "float32"), *((kind, "bfloat16") for kind in sorted(tasks.TYPES))],
)
def test_steps_of_each_task_type_lower_to_hlo_with_static_shapes(task_type, precision):
    assert_steps_lower(task_type, precision)


@pytest.mark.slow
def test_steps_of_a_whole_network_lower_to_hlo_with_static_shapes():
    assert_steps_lower("segmentation", "bfloat16")


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_step_of_several_tasks_lowers_to_hlo_as_one():
    """Members of different input sizes: the sizes stay static, also inside the shared backbone."""
    kinds, crops = ("segmentation", "depth"), (CROP, (64, 32))
    trainer, _, _ = make_trainer(kinds, strategies.create_strategy("cpu"), crops=crops)
    pairs = zip(kinds, crops, strict=True)
    first = [next(iter(make_batches(kind, 2, crop=crop))) for kind, crop in pairs]
    # On a device the loop over steps takes its batches from a queue; here they are arguments.
    text = lower(lambda batches: trainer.train_step([iter([batch]) for batch in batches]), first)
    assert "ENTRY" in text and "<=" not in text
