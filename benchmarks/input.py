"""Measures images per second of the training input, against bare JPEG decoding of the same files.

  python benchmarks/input.py [--data_dir=D --dataset=ID] [--images=400 --repeats=7]

Without a dataset it renders street scenes of 640 x 480 with masks. Our pipeline (read,
rescale 0.5 to 2, crop 420 x 420, flip, batch) runs with images alone, with masks, and with
boxes and their detection targets. The reference reads the same records and decodes every JPEG
whole. Each runs in its own process, in turns. The program prints medians of the images a second
and of the CPU milliseconds an image, the ratios of both to the reference's, and peak memory. What
else the machine does changes the first ratio and hardly the second, of which is required 0.75
for images alone, 0.6 with masks and 0.5 with boxes.

A dataset this small is decoded once and kept (see `pipeline`), like the targets of the small
setting. The kinds named "streamed" decode every image each time, as larger datasets do.
"""

import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import tensorflow as tf
from absl import app, flags
from figures import Figure, tell_figures

from foi_tf import miniworld, tasks
from foi_tf.data.convert import builder
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.input import pipeline
from foi_tf.data.records import prepared_datasets
from foi_tf.study.dataset import Dataset, Task

CROP, RESCALE, BATCH = (420, 420), (0.5, 2.0), 16
REQUIRED = {"image": 0.75, "mask": 0.6, "boxes": 0.5}
TASK_TYPES = {"image": "classification", "mask": "segmentation", "boxes": "detection"}
RENDERED = 200  # Most images of the rendered dataset.
STREAMED = " streamed"
KINDS = ("decode", *TASK_TYPES, *(kind + STREAMED for kind in TASK_TYPES))

DATA_DIR = flags.DEFINE_string(
    "data_dir", "", "Directory of prepared datasets; empty renders a dataset."
)
DATASET = flags.DEFINE_string(
    "dataset", "frames", "Id of a prepared dataset with masks, boxes and labels."
)
IMAGES = flags.DEFINE_integer("images", 400, "Images in one timing.")
REPEATS = flags.DEFINE_integer("repeats", 7, "Timings of each kind.", lower_bound=1)
SHOWN = flags.DEFINE_list(
    "kinds", list(KINDS), "Kinds of input to time, comma-separated; decode, the peer, among them."
)
WORKER = flags.DEFINE_enum(
    "worker", "", ["", *KINDS], "Internal: the kind that this process times."
)


@dataclasses.dataclass(frozen=True)
class Street:
    """Describes a scene to be rendered; see `entry.Entry`."""

    split: str
    index: int
    part_of = None

    @property
    def id(self) -> str:
        return miniworld.make_example_id(self.split, self.index)

    def load(self, dataset: Dataset):
        del dataset
        example = miniworld.render("bdd", self.split, self.index, (480, 640))
        return example | {"label": self.index % 2}, (480, 640)


def render_dataset(data_dir: str, count: int) -> None:
    """Renders street scenes and prepares them as the dataset `frames`."""
    classes = {**miniworld.DATASETS["bdd"].classes, "classification": 2}
    row = Dataset(id="frames", domain="driving", train=count, val=1, classes=classes)
    splits = {"train": [Street("train", i) for i in range(count)], "val": [Street("val", 0)]}
    builder.build_records(RawDataset(row, splits), data_dir)


def make_stream(kind: str, source: prepared_datasets.PreparedDataset) -> tf.data.Dataset:
    """Returns the batches (or, for "decode", the images) of one kind."""
    if kind != "decode":
        task_type = TASK_TYPES[kind.removesuffix(STREAMED)]
        task = tasks.create(Task(source.dataset.id, task_type), source.dataset)
        return pipeline.make_train_batches(
            pipeline.Input(
                prepared=source,
                split="train",
                task_type=task_type,
                encode=task.encode,
                crop=CROP,
                rescale=RESCALE,
                around_objects=task.around_objects,
            ),
            BATCH,
        )
    spec = {"image": tf.io.FixedLenFeature((), tf.string)}

    def decode(record):
        return tf.io.decode_jpeg(tf.io.parse_single_example(record, spec)["image"], channels=3)

    files = [path for path, _ in source.files["train"]]
    records = tf.data.TFRecordDataset(files).cache().repeat()
    return records.map(decode, tf.data.AUTOTUNE, deterministic=True).prefetch(2 * BATCH)


def time_stream(kind: str) -> None:
    """Times `IMAGES` images once for every line on stdin, and prints the result as JSON."""
    if kind.endswith(STREAMED):
        pipeline.MEMORY = 0
    at_a_time = 1 if kind == "decode" else BATCH
    batches = iter(
        make_stream(kind, prepared_datasets.load_prepared(DATA_DIR.value, DATASET.value))
    )
    for _ in range(IMAGES.value // at_a_time):
        next(batches)
    for _ in sys.stdin:
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(IMAGES.value // at_a_time):
            next(batches)
        images = IMAGES.value // at_a_time * at_a_time
        rate = images / (time.perf_counter() - started)
        cpu = 1000 * (time.process_time() - cpu) / images
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(json.dumps({"rate": rate, "cpu": cpu, "peak": peak}), flush=True)


def compare(data_dir: str) -> None:
    """Times all kinds in turns, and prints their rates."""
    # A paused worker goes on filling its buffers, so only one process runs at a time.
    found = {kind: [] for kind in SHOWN.value}
    command = [sys.executable, __file__, f"--data_dir={data_dir}", f"--dataset={DATASET.value}"]
    for _ in range(REPEATS.value):
        for kind, measured in found.items():
            given = [*command, f"--images={IMAGES.value}", f"--worker={kind}"]
            done = subprocess.run(given, input="\n", capture_output=True, text=True, check=True)
            measured.append(json.loads(done.stdout))
    rates, cpu = (
        {kind: statistics.median(m[name] for m in found[kind]) for kind in found}
        for name in ("rate", "cpu")
    )
    for kind, rate in rates.items():
        base = kind.removesuffix(STREAMED)
        peak = max(measured["peak"] for measured in found[kind])
        required = f" (at least {REQUIRED[base]})" if base in REQUIRED else ""
        of_rate, of_cpu = rate / rates["decode"], cpu["decode"] / cpu[kind]
        print(
            f"{kind:14} {rate:7.0f} images/s  ratio {of_rate:.2f}  {cpu[kind]:5.2f} ms of CPU  "
            f"ratio {of_cpu:.2f}{required}  peak {peak:.0f} MiB"
        )
        if base in REQUIRED:
            tell_figures(
                Figure(
                    what=f"training input, {kind}, against decoding each JPEG file whole",
                    unit="images / CPU s",
                    ours=1000 / cpu[kind],
                    peer=1000 / cpu["decode"],
                    at_least=REQUIRED[base],
                )
            )


def main(_):
    if WORKER.value:
        time_stream(WORKER.value)
    elif DATA_DIR.value:
        compare(DATA_DIR.value)
    else:
        with tempfile.TemporaryDirectory() as data_dir:
            render_dataset(data_dir, min(IMAGES.value, RENDERED))
            compare(data_dir)


if __name__ == "__main__":
    app.run(main)
