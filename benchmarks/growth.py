"""Measures how time and memory grow with links, records, images, classes, boxes and rows.

  python benchmarks/growth.py [--only=plan,index --largest=1000000 --repeats=5]

All data are synthetic. The rows:

  plan     a plan of so many links, where each task is a source of each other task
  start    what a link reads of so many links on its target before it starts
  index    the index of a dataset of so many records: written, read, and a subset chosen
  prepare  conversion of so many tiny images
  stream   a batch in 16 of an epoch of so many tiny images
  classes  AP of boxes in 500 images with so many classes
  boxes    AP of boxes in 200 images with so many boxes each, and their counts by image
  targets  training targets of an image with so many boxes
  gains    gains with intervals of so many result rows

Prints for each size the CPU seconds (median) and the peak of the memory that Python and NumPy
allocate, and the exponents e with which size ** e fits the largest three sizes best. Required are
at most 1.1. It takes about 8 minutes on 2 cores, and 3 GiB.
"""

import dataclasses
import gc
import json
import pathlib
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from absl import app, flags
from etils import epath
from figures import Figure, tell_figures
from report import study

from foi_tf import tasks
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.chains import config_guard, links
from foi_tf.data.convert import builder
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.input import pipeline
from foi_tf.data.records import prepared_datasets, prepared_index, scan
from foi_tf.study import grid, plan, results, schedules
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.tasks import detection

REQUIRED = 1.1
FITTED = 3  # The largest sizes, to which exponents are fitted.
SIDE, BATCH, BOXES, PREDICTIONS = 512, 20, 20, 100
TASK = Task("d0", "segmentation")
Work = Callable[[], object]


def make_row(number: int, **changes) -> Dataset:
    fields = {"id": f"d{number}", "domain": "driving", "train": 1000, "val": 100,
              "classes": {"segmentation": 20}, "crop": (64, 64)}  # fmt: skip
    return Dataset(**fields | changes)


def plan_links(size: int, _: pathlib.Path) -> Work:
    rows = {f"d{i}": make_row(i) for i in range(max(2, round(size**0.5)))}

    def work():
        chains = grid.chains(rows, "small")
        return plan.group_runs(plan.build_plan(rows, "small", chains))

    return work


def start_link(size: int, place: pathlib.Path) -> Work:
    schedule = schedules.Schedule(
        optimizer="sgd", learning_rate=0.1, steps=10, small_steps=10, batch_size=4
    )
    member = links.Member(task=TASK, data="", images=150, crop=(64, 64), rescale=(0.5, 2.0))

    def describe(source: int) -> links.Link:
        return links.Link(
            chain=("ilsvrc", f"d{source}:segmentation", str(TASK)), task=TASK, members=(member,),
            parent="", steps=10, schedule=schedule, backbone="hrnet_w48", precision="float32",
            seed=0, replicas=1,
        )  # fmt: skip

    for source in range(1, size + 1):
        one = describe(source)
        text = json.dumps(dataclasses.asdict(one))
        directory = one.directory(epath.Path(place))
        directory.mkdir(parents=True)
        (directory / "begun.json").write_text(text)

    def work():
        links._BEGUN_LINKS.clear()  # As the first link of a process.
        config_guard.check_configuration(place, describe(0), {0.1})

    return work


def index_records(size: int, place: pathlib.Path) -> Work:
    def work():
        ids = {"train": tuple(f"image_{i:09d}" for i in range(size)), "val": ("v",)}
        annotated = {split: ("segmentation",) * len(own) for split, own in ids.items()}
        sizes = dict.fromkeys(ids, (1,))
        found = scan.RecordScan(ids, annotated, (0.5,) * 3, (0.2,) * 3, "", sizes)
        prepared_index.write_index(epath.Path(place), found, "", 1)
        index = prepared_index.read_index(epath.Path(place), {"train": (size,), "val": (1,)})
        chosen = frozenset(grid.choose_subset(index.ids["train"], 150))
        return np.asarray([name in chosen for name in index.ids["train"]])

    return work


@dataclasses.dataclass(frozen=True)
class TinyImage:
    """Describes an image of one color with its label; see `entry.Entry`."""

    id: str
    part_of = None

    def load(self, dataset: Dataset) -> tuple[dict, Size]:
        pixels = np.full((16, 16, 3), int(self.id[1:]) % 256, np.uint8)
        return {"id": self.id, "image": pixels, "label": int(self.id[1:]) % 2}, (16, 16)


def build_tiny(size: int, place: pathlib.Path) -> prepared_datasets.PreparedDataset:
    row = make_row(0, train=size, val=1, classes={"classification": 2}, crop=(16, 16))
    splits = {"train": [TinyImage(f"t{i}") for i in range(size)], "val": [TinyImage("v0")]}
    return builder.build_records(RawDataset(row, splits), place)


def prepare_images(size: int, place: pathlib.Path) -> Work:
    def work():
        with tempfile.TemporaryDirectory(dir=place) as fresh:
            build_tiny(size, pathlib.Path(fresh))

    return work


def stream_images(size: int, place: pathlib.Path) -> Work:
    prepared = build_tiny(size, place)
    task = tasks.create(Task("d0", "classification"), prepared.dataset)
    source = pipeline.Input(
        prepared=prepared, split="train", task_type="classification", encode=task.encode,
        crop=(16, 16),
    )  # fmt: skip

    def work():
        batches = pipeline.make_train_batches(source, 16)
        for _ in batches.take(max(1, size // 16)):
            pass

    return work


def make_batches(images: int, boxes: int, classes: int) -> list[dict[str, np.ndarray]]:
    """Makes batches of statistics, as `Detection.summarize` returns them."""
    rng, batches = np.random.default_rng(0), []
    for _ in range(0, images, BATCH):
        corner = rng.uniform(0, 0.8 * SIDE, (BATCH, boxes, 2))
        truth = np.concatenate([corner, corner + rng.uniform(8, 99, corner.shape)], -1)
        labels = rng.integers(0, classes, (BATCH, boxes))
        near = rng.integers(0, boxes, (BATCH, PREDICTIONS))
        batches.append(
            {
                "boxes": np.take_along_axis(truth, near[..., None], 1) + rng.normal(0, 3, (4,)),
                "labels": np.take_along_axis(labels, near, 1),
                "scores": rng.uniform(0.1, 1, near.shape),
                "truth_boxes": truth,
                "truth_labels": labels,
                "truth_crowds": np.zeros_like(labels),
            }
        )
    return batches


def evaluate_boxes(images: int, boxes: int, classes: int) -> Work:
    row = make_row(0, classes={"detection": classes})
    task, batches = detection.Detection(row), make_batches(images, boxes, classes)

    def work():
        accumulator = task.accumulator()
        for batch in batches:
            accumulator.update(batch)
            task.sums(batch)
        return accumulator.result(), task.parts(accumulator)

    return work


def evaluate_classes(size: int, _: pathlib.Path) -> Work:
    return evaluate_boxes(500, BOXES, size)


def evaluate_crowded(size: int, _: pathlib.Path) -> Work:
    return evaluate_boxes(200, size, 80)


def encode_targets(size: int, _: pathlib.Path) -> Work:
    task = detection.Detection(make_row(0, classes={"detection": 80}))
    batch = make_batches(1, size, 80)[0]
    boxes = tf.constant(batch["truth_boxes"][0], tf.float32)
    labels = tf.constant(batch["truth_labels"][0])

    @tf.function
    def encode():
        found = {"boxes": boxes, "box_labels": labels, "box_crowds": tf.zeros_like(labels) > 0}
        image = tf.zeros((SIDE, SIDE, 3), tf.uint8)
        return task.encode(found | {"image": image, "scale": tf.ones(2), "original": found})

    encode()  # Not timed: tracing.
    return lambda: [encode() for _ in range(10)]


def compute_gains(size: int, place: pathlib.Path) -> Work:
    for one in study(size):
        results.write_row(one, place)
    return lambda: StudyAnalysis(results.load(place)).chains


# Functions (size, directory) -> the work that is timed, and their sizes.
CASES = {
    "plan": (plan_links, (100, 1000, 10**4, 10**5)),
    "start": (start_link, (10, 100, 1000, 3000)),
    "index": (index_records, (1000, 10**4, 10**5, 10**6)),
    "prepare": (prepare_images, (100, 1000, 4000, 16000)),
    "stream": (stream_images, (100, 1000, 4000, 16000)),
    "classes": (evaluate_classes, (20, 80, 365, 1203)),
    "boxes": (evaluate_crowded, (1, 10, 100, 500)),
    "targets": (encode_targets, (1, 10, 100, 500)),
    "gains": (compute_gains, (500, 2000, 8000, 16000)),
}
ONLY = flags.DEFINE_list("only", list(CASES), "Rows to measure, comma-separated.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Timings of each size.", 1)
LARGEST = flags.DEFINE_integer("largest", 10**6, "Larger sizes are left out, but for two.", 1)


def measure(make: Callable[[int, pathlib.Path], Work], size: int) -> tuple[float, int]:
    """Returns the CPU seconds of some work, and the most bytes that it allocates at a time."""
    with tempfile.TemporaryDirectory() as directory:
        work, seconds = make(size, pathlib.Path(directory)), []
        gc.collect()
        gc.freeze()  # Collections would go through the objects of all libraries again and again.
        for _ in range(REPEATS.value):
            started = time.process_time()
            work()
            seconds.append(time.process_time() - started)
        tracemalloc.start()
        work()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return statistics.median(seconds), peak


def fit_exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Fits e of size ** e to the values of the largest sizes."""
    logs = np.log(np.array([sizes, values])[:, -FITTED:])
    return float(np.polyfit(*logs, 1)[0])


def main(_) -> None:
    print(f"{'':8} {'exponents':>13}  size: CPU seconds, MiB")
    for name in ONLY.value:
        make, sizes = CASES[name]
        sizes = [size for place, size in enumerate(sizes) if place < 2 or size <= LARGEST.value]
        seconds, peaks = zip(*(measure(make, size) for size in sizes), strict=True)
        exponents = fit_exponent(sizes, seconds), fit_exponent(sizes, peaks)
        cells = [
            f"{size}: {second:.3f}, {peak / 2**20:.1f}"
            for size, second, peak in zip(sizes, seconds, peaks, strict=True)
        ]
        shown = " ".join(f"{value:6.2f}" for value in exponents)
        print(f"{name:8} {shown}  {'; '.join(cells)}", flush=True)
        what = f"larger exponent of time and memory, {name}, {sizes[0]:,} to {sizes[-1]:,}"
        tell_figures(Figure(what=what, unit="", ours=max(exponents), peer=REQUIRED, at_most=1))


if __name__ == "__main__":
    app.run(main)
