"""The training step: losses over replicas and processes, tasks in turn, mean losses."""

import json
import pathlib
import sys

import numpy as np
import orbit.controller
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.training import strategies
from foi_tf.training.trainer import silence_orbit
from tests import tiny_backbone
from tests.training import cluster
from tests.training.trainers import make_batches, make_trainer


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def losses(strategy, task_type, size, steps):
    """Trains some steps; returns the loss terms of each [steps, terms] and the network."""
    trainer, network, _ = make_trainer([task_type], strategy)

    def make_for_host(context):
        # One batch after the other goes to the replicas, on one host or on several.
        every = make_batches(task_type, size)
        return every.shard(context.num_input_pipelines, context.input_pipeline_id)

    trainer.train_dataset = [strategy.distribute_datasets_from_function(make_for_host)]
    found = []
    for _ in range(steps):
        output = trainer.train(tf.constant(1))
        found.append([output[f"x:{task_type}/{term}"] for term in tasks.TYPES[task_type].terms])
    return found, network


@pytest.mark.slow
@pytest.mark.parametrize("task_type", ["contrastive", "segmentation"])
def test_two_replicas_follow_one(two_replicas, task_type):
    """Half the batch each, with synchronized batch norm: the same losses and weights.

    The halves are uneven: in the first step, a replica has no object and no known pixel. Views
    are told apart from those of the other replica, too. After more steps than these, rounding in
    another order shows in the losses.
    """
    one_losses, one = losses(strategies.create_strategy("cpu"), task_type, 8, 4)
    two_losses, both = losses(two_replicas, task_type, 4, 4)
    np.testing.assert_allclose(two_losses, one_losses, rtol=1e-4, atol=1e-4)
    assert (np.abs(np.subtract(one_losses[-1], one_losses[0])) > 1e-3).all()
    pairs = zip(one.backbone.trainable_variables, both.backbone.trainable_variables, strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-4, err_msg=a.name)


@pytest.mark.slow
def test_two_processes_follow_one(tmp_path):
    """Over the loopback, as machines do; both see the same losses."""
    code = "import sys; from tests.training.test_trainer import in_cluster; in_cluster(sys.argv[1])"
    outputs = cluster.run([sys.executable, "-c", code], [tmp_path / "0", tmp_path / "1"])
    assert all(returned == 0 for returned, _, _ in outputs), outputs
    found = [json.loads((tmp_path / name).read_text()) for name in "01"]
    one_losses, _ = losses(strategies.create_strategy("cpu"), "segmentation", 8, 4)
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0], one_losses, rtol=1e-4, atol=1e-4)


def in_cluster(out):
    """Does the work of each of the processes."""
    tiny_backbone.use_tiny_backbone()
    found, _ = losses(strategies.create_strategy("multi_worker"), "segmentation", 4, 4)
    pathlib.Path(out).write_text(json.dumps(found))


@pytest.mark.slow
def test_several_tasks_take_turns_on_one_backbone():
    kinds = ["segmentation", "classification"]
    trainer, network, _ = make_trainer(kinds, strategies.create_strategy("cpu"))
    trainer.train_dataset = [make_batches(kind, 4) for kind in kinds]
    shared = {id(v) for v in network.backbone.trainable_variables}
    heads = {
        name: [v for v in model.trainable_variables if id(v) not in shared]
        for name, model in network.models.items()
    }
    before = {name: [v.numpy() for v in variables] for name, variables in heads.items()}
    output = trainer.train(tf.constant(3))
    assert {"x:segmentation/cross_entropy", "x:classification/cross_entropy"} < set(output)
    assert int(trainer.global_step) == 3 and int(trainer.optimizer.iterations) == 6
    for name, variables in heads.items():
        assert any((v.numpy() != b).any() for v, b in zip(variables, before[name], strict=True))


def test_means_are_of_one_loop_only():
    trainer, _, _ = make_trainer(["segmentation"], strategies.create_strategy("cpu"))
    trainer.train_dataset = [make_batches("segmentation", 4)]
    alone = [trainer.train(tf.constant(1))["x:segmentation/cross_entropy"] for _ in range(4)]
    trainer, _, _ = make_trainer(["segmentation"], strategies.create_strategy("cpu"))
    trainer.train_dataset = [make_batches("segmentation", 4)]
    pairs = [trainer.train(tf.constant(2))["x:segmentation/cross_entropy"] for _ in range(2)]
    np.testing.assert_allclose(pairs, np.reshape(alone, (2, 2)).mean(1), rtol=1e-5)


def test_orbit_alone_is_silenced_and_only_within_the_block(capsys):
    with silence_orbit():
        orbit.controller._log("a report of Orbit's")
        print("a print of ours")
    assert capsys.readouterr().out == "a print of ours\n"
    orbit.controller._log("a report of Orbit's")
    assert capsys.readouterr().out == "a report of Orbit's\n"


@pytest.mark.slow
@pytest.mark.parametrize("parts", [1, 2])
def test_losses_are_scaled_in_float16(parts):
    """Training goes on as in float32; a factor that is too high halves, and begins anew."""
    where = strategies.create_strategy("cpu")
    trained = {}
    for precision in ("float32", "float16"):
        trainer, _, _ = make_trainer(["segmentation"], where, precision, parts=parts)
        trainer.train_dataset = [make_batches("segmentation", 4)]
        trained[precision] = [
            trainer.train(tf.constant(1))["x:segmentation/cross_entropy"] for _ in range(3)
        ]
    np.testing.assert_allclose(trained["float16"], trained["float32"], rtol=2e-2)
    optimizer = trainer.optimizer
    first = float(optimizer.loss_scale)
    assert first > 1 and optimizer.inner_optimizer.iterations == 3
    optimizer._loss_scale.current_loss_scale.assign(1e38)
    before = [variable.numpy() for variable in trainer._network.trainable_variables]
    trainer.train(tf.constant(1))
    assert float(optimizer.loss_scale) == pytest.approx(5e37)
    for variable, value in zip(trainer._network.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)  # The step was left out.
    trainer.begin()
    assert float(optimizer.loss_scale) == optimizer.initial_scale == first
