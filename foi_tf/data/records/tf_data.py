"""tf.data with a fixed parallelism in place of its tuner."""

import os

import tensorflow as tf

PARALLEL_CALLS = os.cpu_count() or 1


def disable_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset without tuner; what is parallel in it is to say so with `PARALLEL_CALLS`.

    TensorFlow's tuner sleeps up to a minute between two rounds, and the end of its iterator does
    not always wake it (2.15, a race): links that were finished waited for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
