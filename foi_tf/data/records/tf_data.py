"""Runs tf.data pipelines with a fixed parallelism instead of its autotuning."""

import os

import tensorflow as tf

PARALLEL_CALLS = os.cpu_count() or 1


def disable_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Disables autotuning; callers have to pass num_parallel_calls=PARALLEL_CALLS themselves.

    TensorFlow's tuner sleeps up to a minute between two rounds, and the end of its iterator does
    not always wake it (2.15, a race): training runs that had finished waited for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
