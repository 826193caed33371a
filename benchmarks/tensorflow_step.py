"""Times training steps of our HRNetV2-W48 with a segmentation head; prints one JSON object.

Worker of train_step.py and first_step.py, which start it in a process of its own:
  python benchmarks/tensorflow_step.py BACKBONE SIZE float32|bfloat16 STEPS [WAY]

WAY is autograph or rematerialize.
"""

import functools
import json
import resource
import sys
import time

import tensorflow as tf

from foi_tf.models import rematerialization, transfer
from foi_tf.models.backbones import build_backbone
from foi_tf.models.heads import SegmentationHead
from foi_tf.study.schedules import Schedule
from foi_tf.training import optimizers, strategies

BATCH, CLASSES, WARM_UP = 2, 20, 2


def main(backbone: str, side: str, precision: str, steps: str, way: str = "plain"):
    size = (int(side), int(side))
    strategies.create_strategy("cpu")  # Sets the number of threads.
    tf.keras.utils.set_random_seed(0)
    strategies.set_precision(precision)
    body = build_backbone(backbone, (*size, 3))
    network = tf.keras.Model(body.input, SegmentationHead(CLASSES).connect(body))
    pixels = tf.keras.Input((*size, 3))
    normalized = transfer.build_normalizer((0.0,) * 3, (1 / 255,) * 3)(pixels)
    model = tf.keras.Model(pixels, network(normalized))
    forward = functools.partial(model, training=True)
    if way == "rematerialize":
        forward = rematerialization.rematerialize(model)
    schedule = Schedule(
        optimizer="sgd", learning_rate=0.01, steps=100, small_steps=100, batch_size=BATCH
    )
    optimizer = optimizers.create_optimizer(schedule, schedule.steps)
    optimizer.build(model.trainable_variables)
    images = tf.random.normal((BATCH, *size, 3))
    labels = tf.random.uniform((BATCH, *size), maxval=CLASSES, dtype=tf.int32)

    @tf.function(autograph=way == "autograph")
    def step():
        with tf.GradientTape() as tape:
            logits = forward(images)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    started = time.perf_counter()
    step().numpy()
    first = time.perf_counter() - started
    seconds = []
    for _ in range(WARM_UP + int(steps)):
        before = time.perf_counter()
        step().numpy()
        seconds.append(time.perf_counter() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB.
    print(json.dumps({"first": first, "seconds": seconds[WARM_UP:], "peak_bytes": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
