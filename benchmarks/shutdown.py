"""Measures how long an input stream takes to end, without TensorFlow's autotuner and with it.

  python benchmarks/shutdown.py [--repeats=12 --seconds=4]

Each stream is read for some seconds and then freed. The peer is the same stream with TensorFlow's
autotuner, whose thread sleeps longer the longer its stream lives, up to a minute. Prints the median
and the longest time of both, and their ratios.
"""

import gc
import statistics
import time

import tensorflow as tf
from absl import app, flags

from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning

REPEATS = flags.DEFINE_integer("repeats", 12, "Number of streams of each kind.", lower_bound=5)
SECONDS = flags.DEFINE_float("seconds", 4.0, "Seconds for which each stream is read.")


def stream() -> tf.data.Dataset:
    """Returns batches of numbers that several parallel calls make."""
    return tf.data.Dataset.range(2**62).map(tf.square, PARALLEL_CALLS).batch(8).prefetch(2)


def ended(batches: tf.data.Dataset) -> float:
    """Returns the seconds that it takes to free a stream."""
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
    """Runs the script."""
    ours, peer = [], []
    for _ in range(REPEATS.value):
        ours.append(ended(disable_autotuning(stream())))
        peer.append(ended(stream()))
    print("\tours\tpeer\tratio")
    for name, of in (("median", statistics.median), ("longest", max)):
        print(f"{name}\t{of(ours):.2f} s\t{of(peer):.2f} s\t{of(ours) / of(peer):.2f}")


if __name__ == "__main__":
    app.run(main)
