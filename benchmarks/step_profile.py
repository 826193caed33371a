"""Profiles training steps on the CPU: speed, and the share of the time by kind of operation.

  python benchmarks/step_profile.py --backbone=hrnet_w48 --size=256 --batch=2 --precision=bfloat16
  taskset -c 1 python benchmarks/step_profile.py ...      on one core, beside other work

Takes steps of the trainer on a batch that is in memory, and prints for each task type

  the medians of seconds and CPU seconds of a step, without the profiler
  GFLOP/s: multiplications and additions of all convolutions and their gradients, by their shapes,
    in a CPU second
  for each kind of operation: its share of the time, ms and number of operations in a step, by
    TensorFlow's profiler
  the same for the ten operations that take most, by their names in the optimized graph

An operation's time is that of the clock, so other work that interrupts it counts. Shares on several
cores are those of the sum over operations, which run side by side.
"""

import collections
import functools
import math
import pathlib
import statistics
import tempfile
import time

import lowering
import tensorflow as tf
from absl import app, flags
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from foi_tf import tasks
from foi_tf.study.dataset import Task
from foi_tf.training import strategies

# A kind has the operations whose name has one of its texts; the first kind that fits counts.
KINDS = {
    "gradients to the weights": ("BackpropFilter",),
    "gradients to the input": ("BackpropInput",),
    "convolutions, matrix products": ("Conv", "MatMul"),
    "batch norm and its gradient": ("BatchNorm",),
    "resizing": ("Resize",),
    "optimizer, variables": ("ResourceApply", "Variable"),
    "copies": ("Concat", "Gather", "Pack", "Pad", "Slice", "Tile", "Transpose"),
    "element-wise and sums": (
        "Add", "Cast", "Div", "Exp", "Log", "Max", "Mul", "Neg", "OneHot", "Relu", "Select", "Sig",
        "Softmax", "Softplus", "Square", "Sub", "Sum",
    ),
}  # fmt: skip
REST = "rest"
_NOT_OPERATIONS = {"Process", "Run"}  # Of TensorFlow's executor, around operations.
WARM_UP = 3

flags.set_default(lowering.TASK_TYPES, ["segmentation"])
BATCH = flags.DEFINE_integer("batch", 2, "Images of a step.", lower_bound=1)
PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "bfloat16"], "Precision of the layers."
)
STEPS = flags.DEFINE_integer("steps", 7, "Steps to time, and to profile.", lower_bound=1)

Counts = collections.Counter[str]


def find_kind(operation: str) -> str:
    """Returns the kind of an operation, by its name in the optimized graph."""
    fits = (kind for kind, texts in KINDS.items() if any(text in operation for text in texts))
    return next(fits, REST)


def count_flop(graph: tf.Graph) -> int:
    """Counts multiplications and additions of convolutions in a graph of static shapes."""
    total = 0
    for operation in graph.get_operations():
        if "Conv2D" not in operation.type and "DepthwiseConv2d" not in operation.type:
            continue
        # Forward: image, kernel. To the input: size, kernel, gradient. To the weights: image,
        # size, gradient. Each weight is used once at each place of the convolution's output.
        output, inputs = operation.outputs[0], operation.inputs
        places = inputs[2] if "Backprop" in operation.type else output
        kernel = output if "BackpropFilter" in operation.type else inputs[1]
        total += 2 * math.prod(places.shape[:3]) * math.prod(kernel.shape)
    return total


def profile(step, steps: int) -> tuple[Counts, Counts]:
    """Returns the ms and the number of executions in a step, by operation."""
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(steps):
                step()
        (path,) = pathlib.Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    ms: Counts = collections.Counter()
    executions: Counts = collections.Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            # Those of operations are called NAME:OPERATION.
            name = plane.event_metadata[event.metadata_id].name
            _, colon, operation = name.rpartition(":")
            if colon and operation.isidentifier() and operation not in _NOT_OPERATIONS:
                ms[operation] += event.duration_ps / 1e9 / steps
                executions[operation] += 1 / steps
    return ms, executions


def print_shares(ms: Counts, executions: Counts, most: int | None = None) -> None:
    """Prints share, ms and number of each name, those that take most first."""
    total = sum(ms.values())
    for name, value in ms.most_common(most):
        print(f"  {name:38} {value / total:6.1%} {value:9.2f} ms {executions[name]:7.0f}")


def main(_) -> None:
    crop = (lowering.SIZE.value, lowering.SIZE.value)
    strategies.set_precision(PRECISION.value)
    for task_type in lowering.TASK_TYPES.value:
        tf.keras.backend.clear_session()
        task = tasks.create(Task("x", task_type), lowering.ROW)
        _, trainer = lowering.make_trainer(task, crop)
        pixels = tf.random.uniform((task.views * BATCH.value, *crop, 3), maxval=256, dtype=tf.int32)
        batch = {
            "image": tf.cast(pixels, tf.uint8),
            "targets": lowering.targets(task, crop, BATCH.value),
        }
        traced = tf.function(functools.partial(trainer.replica_step, "x"), autograph=False)
        step = functools.partial(traced, batch)
        for _ in range(WARM_UP):
            step()
        times = []
        for _ in range(STEPS.value):
            before = time.perf_counter(), time.process_time()
            step()
            times.append((time.perf_counter() - before[0], time.process_time() - before[1]))
        seconds, cpu = map(statistics.median, zip(*times, strict=True))
        flop = count_flop(traced.get_concrete_function(batch).graph)
        print(
            f"{task_type}: {seconds:.4f} s a step, {cpu:.4f} s of CPU time; "
            f"{flop / 1e9:.4g} GFLOP, {flop / 1e9 / cpu:.0f} GFLOP/s"
        )
        ms, executions = profile(step, STEPS.value)
        kinds: Counts = collections.Counter()
        counts: Counts = collections.Counter()
        for name, value in ms.items():
            kinds[find_kind(name)] += value
            counts[find_kind(name)] += executions[name]
        print(f"{sum(counts.values()):.0f} operations, {sum(kinds.values()):.1f} ms")
        print_shares(kinds, counts)
        print("of these")
        print_shares(ms, executions, 10)


if __name__ == "__main__":
    app.run(main)
