"""Compares the two orders of softmax and upsampling in the head of segmentation, by mIoU.

  python benchmarks/segmentation_head.py --raw_dir=DIR --targets=camvid,facades --out=OUT

DIR has a folder of each target, of the format `masks`; without it, targets are of the rendered
collection. Each target is trained from random weights with each of the seeds, and with either
order of the configuration's `upsample`. All else is equal, the random weights and the order of the
images included. Prints a line for each target and learning rate: the mean over seeds by order,
and the differences by seed. Finished runs in OUT are not trained again.
"""

import pathlib
import statistics
import tempfile
import typing

from absl import app, flags

import foi_tf as foi
from foi_tf.chains.train_session import SessionCache
from foi_tf.study.choices import Upsample

RAW_DIR = flags.DEFINE_string("raw_dir", "", "Folder of the targets' folders.")
TARGETS = flags.DEFINE_list("targets", ["camvid", "isprs", "sunrgbd"], "Names of the targets.")
OUT = flags.DEFINE_string("out", "", "Folder for data and links; empty takes a temporary one.")
IMAGES = flags.DEFINE_integer("images", None, "Images of each split; all by default.")
SEEDS = flags.DEFINE_integer("seeds", 3, "Number of seeds.", lower_bound=1)
RATES = flags.DEFINE_list("rates", ["0.1"], "Learning rates.")
STEPS = flags.DEFINE_integer("steps", 300, "Training steps.", lower_bound=1)
SIZE = flags.DEFINE_integer("size", 96, "Side of the input in pixels.", lower_bound=32)
BACKBONE = flags.DEFINE_string("backbone", "hrnet_mini", "Network to train.")
ORDERS: tuple[Upsample, ...] = typing.get_args(Upsample)


def prepare(name: str, data_dir: pathlib.Path) -> str:
    """Prepares a target; returns its task."""
    if RAW_DIR.value:
        place = pathlib.Path(RAW_DIR.value) / name
        one = foi.prepare(
            place,
            data_dir=data_dir,
            format="masks",
            domain="consumer",  # Is of no consequence here.
            name=f"{name}_own",  # Names of the paper's datasets are taken.
            images=IMAGES.value,
        )
    else:
        one = foi.prepare(dataset=name, collection="mini", data_dir=data_dir, images=IMAGES.value)
    return f"{one.dataset.id}:segmentation"


def measure(task: str, rate: float, out: pathlib.Path) -> dict[Upsample, list[float]]:
    """Trains a target in both orders with each seed; returns mIoU by order."""
    found: dict[Upsample, list[float]] = {order: [] for order in ORDERS}
    for seed in range(SEEDS.value):
        for order in ORDERS:
            run = foi.target(
                task,
                source="scratch",
                setting="full",
                data_dir=out / "data",
                workdir=out / f"{order}_{rate:g}",
                config="real_study",
                overrides={
                    "segmentation.upsample": order,
                    "segmentation.crop": [SIZE.value, SIZE.value],
                    "segmentation.schedule.steps": STEPS.value,
                    "segmentation.schedule.learning_rate": rate,
                },
                backbone=BACKBONE.value,
                seed=seed,
                strategy="cpu",
                sessions=SessionCache(),
            )
            found[order].append(run.value)
    return found


def main(_):
    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(OUT.value or temporary)
        print(f"{'target':24} {'rate':>5} {'probabilities':>13} {'logits':>7} differences")
        for name in TARGETS.value:
            task = prepare(name, out / "data")
            for rate in map(float, RATES.value):
                values = measure(task, rate, out)
                means = (statistics.mean(values[order]) for order in ORDERS)
                columns = " ".join(f"{m:{w}.4f}" for m, w in zip(means, (13, 7), strict=True))
                pairs = zip(*(values[order] for order in ORDERS), strict=True)
                differences = " ".join(f"{ours - other:+.4f}" for ours, other in pairs)
                print(f"{task:24} {rate:5g} {columns} {differences}", flush=True)


if __name__ == "__main__":
    app.run(main)
