"""Measures training, input and memory on this machine's GPU; prints one JSON object.

  python benchmarks/gpu.py >gpu.json
  python benchmarks/gpu.py --backbone=hrnet_w18 --side=512 --batch=16 --seconds=10

Needs no data and no download, and under 5 minutes with the defaults. Without a GPU it measures
the CPU. Each combination of a precision (float32, bfloat16, float16) and of deterministic
operations runs in a process of its own: a training step of segmentation with 20 classes, first
on a batch that is on the device, and then fed from the input pipeline with rendered images. The
JSON has, for each of them

  first_step_seconds, steps_per_second, images_per_second    of the batch on the device
  fed_images_per_second                                      with the input pipeline
  input_images_per_second                                    of the pipeline alone
  peak_gib, estimated_gib                                    of the device, and by foi-plan --memory
  loss                                                       after the last step, to be finite

and the machine: device, TensorFlow, CUDA, cores. A combination that fails has its last line as
"error", and the others go on. Progress goes to stderr.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time

import input as frames  # The benchmark, which renders images.
import tensorflow as tf
from absl import app, flags

from foi_tf import tasks
from foi_tf.data.input import pipeline
from foi_tf.data.records import prepared_datasets
from foi_tf.models import transfer
from foi_tf.study import memory
from foi_tf.study.backbones import find_backbone
from foi_tf.study.dataset import Task
from foi_tf.study.schedules import Schedule
from foi_tf.training import optimizers, strategies
from foi_tf.training.trainer import Trainer

NAME = "frames:segmentation"  # The dataset that `frames` renders.
RENDERED = 64

BACKBONE = flags.DEFINE_string("backbone", "hrnet_w48", "Network to train.")
SIDE = flags.DEFINE_integer("side", 512, "Side of the images in pixels.", lower_bound=32)
BATCH = flags.DEFINE_integer("batch", 8, "Images of a step on each device.", lower_bound=1)
SECONDS = flags.DEFINE_float("seconds", 6.0, "Seconds of each timing.", lower_bound=0.0)
PRECISIONS = flags.DEFINE_list(
    "precisions", ["float32", "bfloat16", "float16"], "Precisions, comma-separated."
)
LOOP = flags.DEFINE_integer("steps_per_loop", 5, "Steps that the device runs at a time.", 1)
LIMIT = flags.DEFINE_float("limit", 240.0, "Seconds after which no combination is begun.")
COMBINATION = flags.DEFINE_string(
    "combination", "", "Internal: PRECISION,0 or PRECISION,1 of this process."
)
RECORDS = flags.DEFINE_string("records", "", "Internal: directory of the rendered images.")


def time_calls(call, seconds: float) -> float:
    """Returns calls a second, after one call that is not counted; makes at least three calls."""
    call()
    started, calls = time.perf_counter(), 0
    while calls < 3 or time.perf_counter() - started < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - started)


def make_trainer(task, where, images: int) -> Trainer:
    """Makes a trainer of the task for batches of `images` images."""
    schedule = Schedule(
        optimizer="sgd", learning_rate=0.01, steps=10**6, small_steps=10**6, batch_size=images
    )
    with where.scope():
        crop = (SIDE.value, SIDE.value)
        statistics = {NAME: ((0.5,) * 3, (0.25,) * 3)}
        network = transfer.build_network(
            BACKBONE.value, {NAME: task.head()}, {NAME: crop}, statistics
        )
        return Trainer(
            network=network,
            tasks={NAME: task},
            optimizer=optimizers.create_optimizer(schedule, schedule.steps),
            strategy=where,
        )


def estimate_gib(task, images: int, precision: str) -> float:
    """Returns what foi-plan --memory would say of the step, for a GPU."""
    network = find_backbone(BACKBONE.value).size
    head = memory.count_head("segmentation", network.features, task.classes)
    fixed = memory.estimate_fixed(network.weights + head.weights, "sgd", precision)
    crop = (SIDE.value, SIDE.value)
    return fixed + images * memory.estimate_image(network, head, crop, precision, xla=False)


def read_peak_gib(where) -> float:
    """Returns the peak memory of the device in GiB; of this process on a CPU."""
    if strategies.device_kind(where) == "gpu":
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts in KiB.


def measure(precision: str, deterministic: bool) -> dict:
    """Measures one combination."""
    where = strategies.create_strategy("mirrored" if strategies.has_gpu() else "cpu")
    strategies.make_repeatable(0, deterministic)
    strategies.set_precision(precision)
    replicas = where.num_replicas_in_sync
    prepared = prepared_datasets.load_prepared(RECORDS.value, "frames")
    task = tasks.create(Task.parse(NAME), prepared.dataset)
    trainer = make_trainer(task, where, BATCH.value * replicas)

    def make_input(_):
        given = pipeline.Input(
            prepared=prepared,
            split="train",
            task_type="segmentation",
            encode=task.encode,
            crop=(SIDE.value, SIDE.value),
            rescale=(0.5, 2.0),
            around_objects=False,
        )
        return pipeline.make_train_batches(given, BATCH.value)

    fed = where.distribute_datasets_from_function(make_input)
    batches = iter(fed)
    images = BATCH.value * replicas
    input_rate = time_calls(lambda: next(batches), SECONDS.value / 2)
    one = next(iter(make_input(None).take(1)))
    same = tf.data.Dataset.from_tensors(one).repeat()

    def train():
        return trainer.train(tf.constant(LOOP.value))

    trainer.train_dataset = [where.distribute_datasets_from_function(lambda _: same)]
    started = time.perf_counter()
    train()
    first = time.perf_counter() - started
    step_rate = LOOP.value * time_calls(train, SECONDS.value)
    trainer.train_dataset = [fed]
    fed_rate = LOOP.value * time_calls(train, SECONDS.value / 2)
    loss = train()[f"{NAME}/cross_entropy"]
    return {
        "first_step_seconds": first,
        "steps_per_second": step_rate,
        "images_per_second": step_rate * images,
        "fed_images_per_second": fed_rate * images,
        "input_images_per_second": input_rate * images,
        "peak_gib": read_peak_gib(where),
        "estimated_gib": estimate_gib(task, BATCH.value, precision),
        "loss": loss if math.isfinite(loss) else None,
    }


def describe_machine() -> dict:
    """Returns what the numbers depend on."""
    where = strategies.create_strategy("mirrored" if strategies.has_gpu() else "cpu")
    build = tf.sysconfig.get_build_info()
    return {
        "device": strategies.describe_machine(where),
        "kind": strategies.device_kind(where),
        "devices": where.num_replicas_in_sync,
        "cores": os.cpu_count(),
        "tensorflow": tf.__version__,
        "cuda": build.get("cuda_version", ""),
        "cudnn": build.get("cudnn_version", ""),
    }


def run_worker(name: str, records: str) -> dict:
    """Measures one combination in a process of its own."""
    passed = ("backbone", "side", "batch", "seconds", "steps_per_loop")
    own = [f"--{flag}={flags.FLAGS[flag].value}" for flag in passed]
    done = subprocess.run(
        [sys.executable, __file__, *own, f"--combination={name}", f"--records={records}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def main(_) -> None:
    if COMBINATION.value:
        precision, deterministic = COMBINATION.value.split(",")
        print(json.dumps(measure(precision, deterministic == "1")))
        return
    started, found = time.monotonic(), []
    with tempfile.TemporaryDirectory() as records:
        frames.render_dataset(records, RENDERED)
        for precision in PRECISIONS.value:
            for deterministic in (False, True):
                chosen = {"precision": precision, "deterministic": deterministic}
                if time.monotonic() - started > LIMIT.value:
                    found.append(chosen | {"error": "left out: no time left, see --limit"})
                    continue
                print(f"measures {chosen}", file=sys.stderr, flush=True)
                found.append(chosen | run_worker(f"{precision},{int(deterministic)}", records))
    settings = {flag: flags.FLAGS[flag].value for flag in ("backbone", "side", "batch")}
    print(
        json.dumps({"machine": describe_machine(), "settings": settings, "runs": found}, indent=1)
    )


if __name__ == "__main__":
    app.run(main)
