"""Conversion of many small images: images/s against copying their bytes, and peak memory.

    python benchmarks/conversion.py [images, 10000,100000 by default] [workers]

Each count is converted by a process of its own. `ratio` is our time over that of one process
that reads the same files and writes their bytes into one record file, with nothing decoded
or checked. Memory is the peak of the first process and of the largest worker.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
import tensorflow as tf

from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.convert.workers import Workers

SIDE, DISTINCT = 64, 500


def write(root: pathlib.Path, count: int) -> None:
    """A folder of images with masks: links to few different files, each read as its own."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(min(count, DISTINCT)):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[rng.integers(SIDE) :, rng.integers(SIDE) :] = 1
        noise = cv2.GaussianBlur(rng.normal(0, 60, (SIDE, SIDE, 3)), (0, 0), 2)
        image = np.clip(100 + 60 * mask[..., None] + noise, 0, 255).astype(np.uint8)
        made.append((root / f"{index}.jpg", root / f"{index}.png"))
        cv2.imwrite(str(made[-1][0]), image)
        cv2.imwrite(str(made[-1][1]), mask)
    for index in range(count):
        split = "val" if index % 10 == 0 else "train"
        for kind, source in zip(("images", "masks"), made[index % len(made)], strict=True):
            place = root / kind / split / f"{index:06d}{source.suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, place)
    (root / "classes.json").write_text(json.dumps({"classes": ["ground", "thing"]}))


def copy(root: pathlib.Path, out: pathlib.Path) -> float:
    """Seconds that reading and writing the bytes takes."""
    start = time.perf_counter()
    with tf.io.TFRecordWriter(str(out)) as writer:
        for path in sorted((root / "images").rglob("*.jpg")):
            mask = root / "masks" / path.parent.name / f"{path.stem}.png"
            writer.write(path.read_bytes() + mask.read_bytes())
    return time.perf_counter() - start


def convert(root: str, out: str, workers: int) -> None:
    """Converts in this process, and prints seconds and kilobytes."""
    start = time.perf_counter()
    folder = custom_dataset.find(root, ["masks"], "many", "aerial", None)
    found = time.perf_counter()
    with Workers(workers) as pool:
        builder.build(folder, out, workers=pool)
    seconds = {"find": found - start, "build": time.perf_counter() - found}
    kinds = {"self": resource.RUSAGE_SELF, "worker": resource.RUSAGE_CHILDREN}
    kilobytes = {name: resource.getrusage(kind).ru_maxrss for name, kind in kinds.items()}
    print(json.dumps(seconds | kilobytes))


def main() -> None:
    """Prints a line for each count."""
    counts = [int(n) for n in (sys.argv[1] if len(sys.argv) > 1 else "10000,100000").split(",")]
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count()
    columns = ("images/s", "copy/s", "ratio", "MB", "worker MB")
    print(f"{'images':>8} {'workers':>7}", *(f"{name:>9}" for name in columns))
    for count in counts:
        with tempfile.TemporaryDirectory() as place:
            root = pathlib.Path(place)
            (root / "raw").mkdir()
            write(root / "raw", count)
            command = [
                sys.executable,
                __file__,
                "--convert",
                root / "raw",
                root / "data",
                str(workers),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            told = json.loads(done.stdout)
            peer = copy(root / "raw", root / "copy.tfrecord")
        seconds = told["find"] + told["build"]
        values = (count / seconds, count / peer, seconds / peer)
        values += (told["self"] / 1e3, told["worker"] / 1e3)
        print(f"{count:8} {workers:7}", *(f"{value:9.4g}" for value in values), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--convert"]:
        convert(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
