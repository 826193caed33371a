"""The training step: losses over replicas, and what of it XLA takes."""

import json
import pathlib
import sys

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.models import transfer
from foi_tf.study.configuration import Schedule
from foi_tf.study.dataset import Task
from foi_tf.training import evaluator, optimizers, strategies
from foi_tf.training.trainer import Trainer
from tests import tiny_backbone
from tests.augmented_examples import ROW, make_example
from tests.training import cluster

CROP = (32, 64)
SCHEDULE = Schedule(
    optimizer="sgd", learning_rate=0.01, steps=10, small_steps=1, batch_size=4, policy="poly"
)


def make(task_types, where, precision="float32", crops=(CROP, CROP)):
    tf.keras.backend.clear_session()
    strategies.make_repeatable(0)
    strategies.set_precision(precision)
    made = {f"x:{kind}": tasks.create(Task("x", kind), ROW) for kind in task_types}
    with where.scope():
        network = transfer.build_network(
            "hrnet_mini",
            {name: task.head() for name, task in made.items()},
            dict(zip(made, crops, strict=False)),
            dict.fromkeys(made, ((0.0,) * 3, (1 / 255,) * 3)),
        )
        trainer = Trainer(
            network=network,
            tasks=made,
            optimizer=optimizers.create_optimizer(SCHEDULE, 10),
            strategy=where,
        )
    return trainer, network, made


def batches(task_type, size, *, place=None, crop=CROP):
    """Endless seeded batches; every pixel has a class, so that all replicas weigh the same."""
    task = tasks.create(Task("x", task_type), ROW)

    def batch(number):
        seed = tf.stack([number, 7])
        mask = tf.random.stateless_uniform((*crop, 1), seed, 0, 4, tf.int32)
        images = tf.random.stateless_normal((task.views, *crop, 3), seed)
        one = make_example(number, crop) | {"mask": tf.cast(mask, tf.uint8)}
        extra = {} if place is None else {"place": place}
        return {"image": images, "targets": task.encode(one)} | extra

    def flat(batch):
        return batch | {"image": tf.reshape(batch["image"], (size * task.views, *crop, 3))}

    return tf.data.Dataset.range(10**6).map(batch).batch(size, drop_remainder=True).map(flat)


def losses(where, task_type, size, steps):
    trainer, network, _ = make([task_type], where)

    def of_host(context):
        # One batch after the other goes to the replicas, on one host or on several.
        every = batches(task_type, size)
        return every.shard(context.num_input_pipelines, context.input_pipeline_id)

    feed = where.distribute_datasets_from_function(of_host)
    trainer.train_dataset = [feed]
    found = []
    for _ in range(steps):
        (term,) = tasks.TYPES[task_type].terms
        found.append(trainer.train(tf.constant(1))[f"x:{task_type}/{term}"])
    return found, network


@pytest.mark.parametrize("task_type", ["segmentation", "contrastive"])
def test_two_replicas_follow_one(two_replicas, monkeypatch, task_type):
    """Half the batch each, with synchronized batch norm: the same losses and weights.

    Views are told apart from those of the other replica, too.
    """
    if task_type == "contrastive":
        tiny_backbone.use_tiny_backbone(monkeypatch)
    one_losses, one = losses(strategies.create_strategy("cpu"), task_type, 8, 5)
    two_losses, both = losses(two_replicas, task_type, 4, 5)
    np.testing.assert_allclose(two_losses, one_losses, atol=1e-4)
    assert one_losses[-1] != one_losses[0]
    pairs = zip(one.backbone.trainable_variables, both.backbone.trainable_variables, strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-4, err_msg=a.name)


def test_two_processes_follow_one(tmp_path, monkeypatch):
    """Over the loopback, as machines do; both see the same losses."""
    tiny_backbone.use_tiny_backbone(monkeypatch)
    code = "import sys; from tests.training.test_trainer import in_cluster; in_cluster(sys.argv[1])"
    outputs = cluster.run([sys.executable, "-c", code], [tmp_path / "0", tmp_path / "1"])
    assert all(returned == 0 for returned, _, _ in outputs), outputs
    found = [json.loads((tmp_path / name).read_text()) for name in "01"]
    one_losses, _ = losses(strategies.create_strategy("cpu"), "segmentation", 8, 4)
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0], one_losses, atol=1e-4)


def in_cluster(out):
    """What each of the processes does."""
    tiny_backbone.use_tiny_backbone()
    found, _ = losses(strategies.create_strategy("multi_worker"), "segmentation", 4, 4)
    pathlib.Path(out).write_text(json.dumps(found))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("task_type", sorted(tasks.TYPES))
def test_steps_lower_to_hlo_with_static_shapes(task_type, precision):
    where = strategies.create_strategy("cpu")
    trainer, network, made = make([task_type], where, precision)
    name = f"x:{task_type}"
    batch = next(iter(batches(task_type, 2, place=0)))
    steps = (
        lambda b: trainer.replica_step(name, b),
        lambda b: evaluator.compute_batch_statistics(network.models[name], made[name], b),
    )
    for step in steps:
        compiled = tf.function(step, autograph=False, jit_compile=True)
        text = compiled.experimental_get_compiler_ir(batch)(stage="hlo")
        assert "ENTRY" in text
        # A dynamic size would be printed as f32[<=8].
        assert "<=" not in text


def test_a_step_of_several_tasks_lowers_to_hlo_as_one():
    """Members of different input sizes: the sizes stay static, also inside the shared backbone."""
    kinds, crops = ("segmentation", "depth"), (CROP, (64, 32))
    trainer, _, _ = make(kinds, strategies.create_strategy("cpu"), crops=crops)
    pairs = zip(kinds, crops, strict=True)
    first = [next(iter(batches(kind, 2, crop=crop))) for kind, crop in pairs]
    # On a device the loop over steps takes its batches from a queue; here they are arguments.
    compiled = tf.function(
        lambda batches: trainer.train_step([iter([batch]) for batch in batches]),
        autograph=False,
        jit_compile=True,
    )
    text = compiled.experimental_get_compiler_ir(first)(stage="hlo")
    assert "ENTRY" in text and "<=" not in text


def test_several_tasks_take_turns_on_one_backbone():
    kinds = ["segmentation", "classification"]
    trainer, network, _ = make(kinds, strategies.create_strategy("cpu"))
    trainer.train_dataset = [batches(kind, 4) for kind in kinds]
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
    trainer, _, _ = make(["segmentation"], strategies.create_strategy("cpu"))
    trainer.train_dataset = [batches("segmentation", 4)]
    alone = [trainer.train(tf.constant(1))["x:segmentation/cross_entropy"] for _ in range(4)]
    trainer, _, _ = make(["segmentation"], strategies.create_strategy("cpu"))
    trainer.train_dataset = [batches("segmentation", 4)]
    pairs = [trainer.train(tf.constant(2))["x:segmentation/cross_entropy"] for _ in range(2)]
    np.testing.assert_allclose(pairs, np.reshape(alone, (2, 2)).mean(1), rtol=1e-5)
