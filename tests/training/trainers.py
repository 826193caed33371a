"""Makes trainers and endless batches for tests of the training step."""

import tensorflow as tf

from foi_tf import tasks
from foi_tf.data.records.tf_data import disable_autotuning
from foi_tf.models import transfer
from foi_tf.study.dataset import Task
from foi_tf.study.schedules import Schedule
from foi_tf.training import optimizers, strategies
from foi_tf.training.trainer import Trainer
from tests.augmented_examples import ROW, make_example

CROP = (32, 64)
SCHEDULE = Schedule(
    optimizer="sgd", learning_rate=0.01, steps=10, small_steps=1, batch_size=4, policy="poly"
)


def make_trainer(task_types, strategy, precision="float32", crops=(CROP, CROP), **options):
    """Makes a trainer of tasks named "x:TYPE" on hrnet_mini; `options` are those of `Trainer`.

    Returns:
      The trainer, its network, and the task types by name of the task.
    """
    tf.keras.backend.clear_session()
    strategies.make_repeatable(0)
    strategies.set_precision(precision)
    made = {f"x:{kind}": tasks.create(Task("x", kind), ROW) for kind in task_types}
    with strategy.scope():
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
            strategy=strategy,
            **options,
        )
    return trainer, network, made


def make_batches(task_type, size, *, place=None, crop=CROP):
    """Makes seeded batches whose annotation is uneven.

    In eights of examples, the first four are sparse. Those of the first eight have no object and
    no known pixel, those of the second have fewer than the other four.
    """
    task = tasks.create(Task("x", task_type), ROW)

    def make_one(number):
        seed = tf.stack([number, 7])
        images = tf.random.stateless_normal((task.views, *crop, 3), seed)
        one = _thin_out(make_example(number, crop), number)
        extra = {} if place is None else {"place": place}
        return {"image": images, "targets": task.encode(one)} | extra

    def flatten_views(batch):
        return batch | {"image": tf.reshape(batch["image"], (size * task.views, *crop, 3))}

    examples = tf.data.Dataset.range(10**6).map(make_one)
    return disable_autotuning(examples.batch(size, drop_remainder=True).map(flatten_views))


def _thin_out(example, number):
    """Removes objects and annotated pixels of an example, as `make_batches` says."""
    is_sparse, is_late = number % 8 < 4, number // 8 % 2
    draws = tf.random.stateless_uniform(example["mask"].shape, tf.stack([number, 8]))
    known = draws < tf.where(is_sparse, 0.1 * tf.cast(is_late, tf.float32), 0.9)
    objects = tf.range(3, dtype=tf.int64) < tf.where(is_sparse, is_late * (number % 3), 3)
    fields = ("boxes", "box_labels", "box_crowds", "keypoint_boxes", "keypoints", "keypoint_crowds")
    thinned = {name: tf.boolean_mask(example[name], objects) for name in fields}
    thinned["mask"] = tf.where(known, example["mask"], 255)
    thinned["depth"] = tf.where(known, example["depth"], 0.0)
    return example | thinned
