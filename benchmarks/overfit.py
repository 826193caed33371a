"""Whether a network can learn eight images by heart, whole images and all classes.

  python benchmarks/overfit.py --raw_dir=mine [--format=masks] [--task_type=segmentation]

The images are a seeded choice of the folder's training images, mirrored at random and not
rescaled or cropped; the metric is taken on the same images. What falls short of about 0.9
here points at targets, loss or decoding rather than at the data.
"""

import tempfile

import tensorflow as tf
from absl import app, flags

from foi_tf import tasks
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.input import pipeline
from foi_tf.models import transfer
from foi_tf.study.configuration import Schedule
from foi_tf.study.dataset import Task
from foi_tf.study.grid import subset
from foi_tf.training import evaluator, optimizers, strategies
from foi_tf.training.trainer import Trainer

RAW_DIR = flags.DEFINE_string("raw_dir", None, "One's own data, as foi-prepare reads it.")
FORMAT = flags.DEFINE_list("format", ["masks"], "As of foi-prepare.")
TASK_TYPE = flags.DEFINE_string("task_type", "segmentation", "What is learnt.")
CROP = flags.DEFINE_list("crop", [], "Height and width of the input; by default the images'.")
IMAGES = flags.DEFINE_integer("images", 8, "How many.")
BATCH = flags.DEFINE_integer("batch", 2, "Images a step.")
STEPS = flags.DEFINE_integer("steps", 1800, "Of training.")
RATE = flags.DEFINE_float("learning_rate", 4e-3, "Of Adam, falling by the poly policy.")
BACKBONE = flags.DEFINE_string("backbone", "hrnet_mini", "The backbone.")
PRECISION = flags.DEFINE_string("precision", "bfloat16", "The precision.")
LOOKS = 6


def main(_):
    where = strategies.make("cpu")
    strategies.make_repeatable(0)
    strategies.set_precision(PRECISION.value)
    with tempfile.TemporaryDirectory() as data_dir:
        found = custom_dataset.find(RAW_DIR.value, FORMAT.value, "few", "consumer", None)
        crop = tuple(map(int, CROP.value)) or found.dataset.crop
        learn(builder.build(found, data_dir), crop, where)


def learn(prepared, crop, where) -> None:
    task = tasks.create(Task("few", TASK_TYPE.value), prepared.dataset)
    schedule = Schedule(
        optimizer="adam",
        learning_rate=RATE.value,
        steps=STEPS.value,
        small_steps=STEPS.value,
        batch_size=BATCH.value,
        policy="poly",
        warmup=0.05,
    )
    few = pipeline.Input(
        prepared=prepared,
        split="train",
        task_type=TASK_TYPE.value,
        encode=task.encode,
        crop=crop,
        chosen=tuple(subset(prepared.annotated_ids("train", TASK_TYPE.value), IMAGES.value)),
    )
    with where.scope():
        network = transfer.build(
            BACKBONE.value,
            {"few": task.head()},
            {"few": crop},
            {"few": (prepared.dataset.mean, prepared.dataset.std)},
        )
        trainer = Trainer(
            network=network,
            tasks={"few": task},
            optimizer=optimizers.make(schedule, STEPS.value),
            strategy=where,
        )
    trainer.train_dataset = [pipeline.train(few, BATCH.value)]
    for look in range(LOOKS):
        steps = STEPS.value * (look + 1) // LOOKS - STEPS.value * look // LOOKS
        terms = trainer.train(tf.constant(steps))
        metrics = evaluator.evaluate(
            network.models["few"],
            task,
            pipeline.evaluate(few, BATCH.value),
            where,
            ids=few.ids(),
            label="evaluation",
        ).metrics
        step = int(trainer.global_step.numpy())
        print(
            step, {name: round(value, 4) for name, value in (terms | metrics).items()}, flush=True
        )


if __name__ == "__main__":
    flags.mark_flag_as_required("raw_dir")
    app.run(main)
