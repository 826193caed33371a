"""Runs training and evaluation steps compiled by XLA, and compares them with TensorFlow's own.

  python benchmarks/xla_steps.py [--backbone=hrnet_mini --size=64 --steps=5]

For each task type, in float32 on the CPU, from the same weights and on the same batches:

  plain     the steps as a link on a CPU takes them
  xla       the same with `jit_compile=True`, as a TPU compiles them
  twin      plain steps from weights each of which is moved to a neighboring float32 number

Two correct programs round differently, and training carries such differences on. So the distance
of xla from plain is held against that of the twin from plain, which is the drift of float32
itself. The largest distance of a loss over the steps, relative to the first loss, has to be at
most ten times that of the twin, or 1e-5. The maps that the trained network returns have to agree up
to 1e-4 of their largest value, and so have the numbers that the evaluation step makes of them for
each image, sorted; integers exactly but for one in a thousand (a score may round to a neighbor). A
run that diverges shows nothing, so it fails, too. Compiling takes minutes of one core for each task
type, and 3 GiB; XLA_FLAGS=--xla_backend_optimization_level=0 in the environment makes it shorter,
since LLVM then optimizes less of what XLA has made.
"""

import dataclasses
import functools
import time

import lowering
import numpy as np
import tensorflow as tf
from absl import app, flags

from foi_tf import tasks
from foi_tf.study.dataset import Task
from foi_tf.training import evaluator, strategies

TWINS, FLOOR = 10, 1e-5  # Bounds of the drift; ours.
STATISTICS, SWAPPED = 1e-4, 1e-3
DIVERGED = 10  # A loss that grew so many times has diverged; ours.
RATE = 1e-5  # With larger ones the few images are learnt within the steps, or training diverges.

STEPS = flags.DEFINE_integer("steps", 5, "Training steps of each run.", lower_bound=1)


def make_batches(task, crop, count: int) -> list[dict]:
    """Makes batches with random images and the targets of one example."""
    rng = np.random.default_rng(0)
    shape = (task.views * lowering.BATCH, *crop, 3)
    return [
        {
            "image": tf.constant(rng.integers(0, 256, shape), tf.uint8),
            "targets": lowering.targets(task, crop),
            "place": tf.range(lowering.BATCH),
        }
        for _ in range(count)
    ]


def move_to_neighbors(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moves each number to the next larger or next smaller float32 number."""
    ends = np.where(rng.integers(0, 2, values.shape), np.inf, -np.inf).astype(values.dtype)
    return np.nextafter(values, ends)


class Runs:
    """Takes the same steps several times, from the same weights."""

    def __init__(self, task_type: str, crop):
        tf.keras.backend.clear_session()
        strategies.make_repeatable(0)
        self.task = tasks.create(Task("x", task_type), lowering.ROW)
        schedule = dataclasses.replace(lowering.SCHEDULE, learning_rate=RATE)
        self.network, self.trainer = lowering.make_trainer(self.task, crop, schedule)
        self.batches = make_batches(self.task, crop, STEPS.value)
        self.weights = [variable.numpy() for variable in self.network.variables]

    def train(self, *, xla: bool, weights=None) -> tuple[np.ndarray, float]:
        """Returns the sum of the loss terms at each step, and the seconds of the first step."""
        for variable, value in zip(self.network.variables, weights or self.weights, strict=True):
            variable.assign(value)
        self.trainer.begin()
        step = tf.function(
            functools.partial(self.trainer.replica_step, "x"), autograph=False, jit_compile=xla
        )
        started, losses = time.perf_counter(), []
        for batch in self.batches:
            losses.append(sum(float(value) for value in step(batch).values()))
            if len(losses) == 1:
                seconds = time.perf_counter() - started
        return np.asarray(losses), seconds

    def train_twin(self) -> np.ndarray:
        """Returns the losses from neighboring weights."""
        rng = np.random.default_rng(1)
        trained = {id(variable) for variable in self.network.trainable_variables}
        return self.train(
            xla=False,
            weights=[
                move_to_neighbors(value, rng) if id(variable) in trained else value
                for variable, value in zip(self.network.variables, self.weights, strict=True)
            ],
        )[0]

    def predict(self, *, xla: bool) -> list[np.ndarray]:
        """Returns the network's outputs for a batch, with the weights that the last run left."""
        model = functools.partial(self.network.models["x"], training=False)
        found = tf.function(model, autograph=False, jit_compile=xla)(self.batches[0]["image"])
        return [value.numpy() for value in tf.nest.flatten(found)]

    def evaluate(self, *, xla: bool) -> dict[str, np.ndarray]:
        """Returns the statistics of a batch, with the weights that the last run left."""
        step = functools.partial(
            evaluator.compute_batch_statistics, self.network.models["x"], self.task
        )
        found = tf.function(step, autograph=False, jit_compile=xla)(self.batches[0])
        return {name: value.numpy() for name, value in found.items()}


def compare_statistics(plain: np.ndarray, xla: np.ndarray) -> float:
    """Returns the largest difference relative to the largest number, or the share of integers."""
    if np.issubdtype(plain.dtype, np.integer):
        return float(np.mean(plain != xla)) * STATISTICS / SWAPPED
    largest = max(np.abs(plain).max(initial=0), 1e-12)
    return float(np.abs(plain - xla).max(initial=0) / largest)


def sort(statistics: np.ndarray) -> np.ndarray:
    """Sorts the numbers of each image, as objects whose scores are equal may swap places."""
    return np.sort(statistics.reshape(len(statistics), -1), axis=1)


def main(_) -> None:
    strategies.set_precision("float32")
    crop = (lowering.SIZE.value, lowering.SIZE.value)
    print("task type        first step   last step   twin's last   statistics   seconds of XLA")
    wrong = []
    for task_type in lowering.TASK_TYPES.value:
        runs = Runs(task_type, crop)
        plain, _ = runs.train(xla=False)
        twin = np.abs(runs.train_twin() - plain) / plain[0]
        compiled, seconds = runs.train(xla=True)
        apart = np.abs(compiled - plain) / plain[0]
        maps = [runs.predict(xla=xla) for xla in (False, True)]
        before, after = (runs.evaluate(xla=xla) for xla in (False, True))
        statistics = max(
            *(compare_statistics(*pair) for pair in zip(*maps, strict=True)),
            *(compare_statistics(*map(sort, (before[name], after[name]))) for name in before),
        )
        print(
            f"{task_type:15} {apart[0]:10.1e} {apart[-1]:11.1e} {twin[-1]:13.1e} "
            f"{statistics:12.1e} {seconds:12.1f}",
            flush=True,
        )
        if not plain.max() <= DIVERGED * plain[0]:
            raise app.Error(f"{task_type}: the plain run diverged, so nothing is shown")
        if not (apart.max() <= max(TWINS * twin.max(), FLOOR) and statistics <= STATISTICS):
            wrong.append(task_type)
    if wrong:
        raise app.Error(f"further apart than float32's drift: {', '.join(wrong)}")
    print("all within the drift of float32")


if __name__ == "__main__":
    app.run(main)
