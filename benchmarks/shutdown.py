"""Seconds until an input stream has ended, without TensorFlow's tuner and with it.

  python benchmarks/shutdown.py [--repeats=12 --seconds=4]

Each stream of the same examples lives some seconds and is let go; the peer is the same stream with
the tuner that TensorFlow gives it. Printed are medians, the longest, and their ratios. The tuner
sleeps longer the longer its stream lives, up to a minute.
"""

import gc
import statistics
import time

import tensorflow as tf
from absl import app, flags

from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning

REPEATS = flags.DEFINE_integer("repeats", 12, "Streams of each kind.", lower_bound=5)
SECONDS = flags.DEFINE_float("seconds", 4.0, "How long each lives.")


def stream() -> tf.data.Dataset:
    """Batches of numbers, made by several calls at once."""
    return tf.data.Dataset.range(2**62).map(tf.square, PARALLEL_CALLS).batch(8).prefetch(2)


def ended(batches: tf.data.Dataset) -> float:
    """Seconds that it takes to let a stream go."""
    iterator = iter(batches)
    until = time.perf_counter() + SECONDS.value
    while time.perf_counter() < until:
        next(iterator)
        time.sleep(0.01)
    start = time.perf_counter()
    del iterator
    gc.collect()
    return time.perf_counter() - start


def main(_) -> None:
    """The script."""
    ours, peer = [], []
    for _ in range(REPEATS.value):
        ours.append(ended(disable_autotuning(stream())))
        peer.append(ended(stream()))
    print("\tours\tpeer\tratio")
    for name, of in (("median", statistics.median), ("longest", max)):
        print(f"{name}\t{of(ours):.2f} s\t{of(peer):.2f} s\t{of(ours) / of(peer):.2f}")


if __name__ == "__main__":
    app.run(main)
