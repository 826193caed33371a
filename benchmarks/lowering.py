"""Lowers the steps of HRNetV2-W48 to HLO with static shapes, as a check without a TPU.

  python benchmarks/lowering.py [--backbone=hrnet_w48 --size=256]

Prints seconds for the training and the evaluation step of each task type, at batch 2 in mixed
bfloat16. It fails on an operation that XLA lacks. Nothing is compiled or run.
"""

import functools
import time

import tensorflow as tf
from absl import app, flags

from foi_tf import tasks
from foi_tf.models import transfer
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.study.schedules import Schedule
from foi_tf.tasks.base import TaskType
from foi_tf.training import evaluator, optimizers, strategies
from foi_tf.training.trainer import Trainer

BATCH = 2
ROW = Dataset(
    id="x",
    domain="consumer",
    train=1,
    val=1,
    classes={
        "classification": 1000,
        "segmentation": 20,
        "detection": 20,
        "keypoints": 17,
        "depth": 1,
    },
)
SCHEDULE = Schedule(
    optimizer="sgd", learning_rate=0.1, steps=9, small_steps=9, batch_size=2, weight_decay=1e-4
)

BACKBONE = flags.DEFINE_string("backbone", "hrnet_w48", "Network to lower.")
TASK_TYPES = flags.DEFINE_list(
    "task_types", list(tasks.TYPES), "Task types to lower, comma-separated."
)
SIZE = flags.DEFINE_integer("size", 256, "Side of the images in pixels.", lower_bound=64)


def targets(task: TaskType, crop: Size, images: int = BATCH) -> dict[str, tf.Tensor]:
    """Makes the targets of a batch, as the task's `encode` and the pipeline's batching do."""
    objects = {"areas": tf.ones([1]), "crowds": tf.fill([1], False)}
    example = {
        "image": tf.zeros((*crop, 3)),
        "scale": tf.ones([2]),
        "label": tf.constant(0, tf.int64),
        "mask": tf.zeros((*crop, 1), tf.uint8),
        "depth": tf.ones((*crop, 1)),
        "boxes": tf.constant([[8.0, 8, 64, 64]]),
        "box_labels": tf.constant([0], tf.int64),
        "keypoints": tf.fill([1, ROW.classes["keypoints"], 3], 2.0),
        "keypoint_boxes": tf.constant([[0.0, 0, 64, 64]]),
    } | {f"{kind}_{name}": v for kind in ("box", "keypoint") for name, v in objects.items()}
    one = task.encode(example | {"original": example})
    return tf.nest.map_structure(lambda value: tf.stack([value] * images), one)


def make_trainer(
    task: TaskType, crop: Size, schedule: Schedule = SCHEDULE
) -> tuple[transfer.Network, Trainer]:
    """Makes a network with the task's head, and its trainer on the CPU; the task is "x" there."""
    where = strategies.create_strategy("cpu")
    with where.scope():
        network = transfer.build_network(
            BACKBONE.value, {"x": task.head()}, {"x": crop}, {"x": ((0.5,) * 3, (0.25,) * 3)}
        )
        trainer = Trainer(
            network=network,
            tasks={"x": task},
            optimizer=optimizers.create_optimizer(schedule, schedule.steps),
            strategy=where,
        )
    return network, trainer


def main(_) -> None:
    crop = (SIZE.value, SIZE.value)
    strategies.set_precision("bfloat16")
    for task_type in TASK_TYPES.value:
        tf.keras.backend.clear_session()
        task = tasks.create(Task("x", task_type), ROW)
        network, trainer = make_trainer(task, crop)
        batch = {
            "image": tf.zeros((task.views * BATCH, *crop, 3), tf.uint8),
            "targets": targets(task, crop),
            "place": tf.range(BATCH),
        }
        model = network.models["x"]
        steps = {
            "train": functools.partial(trainer.replica_step, "x"),
            "eval": functools.partial(evaluator.compute_batch_statistics, model, task),
        }
        for name, step in steps.items():
            started = time.perf_counter()
            compiled = tf.function(step, autograph=False, jit_compile=True)
            text = compiled.experimental_get_compiler_ir(batch)(stage="hlo")
            seconds = time.perf_counter() - started
            shapes = "dynamic" if "<=" in text else "static"
            print(f"{task_type:15} {name:6} lowers, {shapes} shapes, {seconds:5.1f} s", flush=True)


if __name__ == "__main__":
    app.run(main)
