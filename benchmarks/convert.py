"""Measures foi-prepare in images per CPU second, against copying and decoding the same files.

    python benchmarks/convert.py [--images=300 --repeats=5 --layouts=camvid,city,uwt,isprs]

Writes raw folders of rendered images of 640 x 480 in the layouts of CamVid (PNG with
color-coded PNG), Cityscapes (PNG with ids in PNG) and Trash-ICRA19 (JPEG with XML), and
ISPRS-like TIFF files for tiles of 800 x 800. Conversion is the whole program: it checks
every file by decoding it, re-encodes masks and tiles, writes records, and reads them again
for its index. Copying reads the same files and writes their bytes to one file.
Decoding decodes each file once. All three take turns in one process. Prints their medians and
the ratios of conversion to the others; that to decoding is required to be at least 0.6. CPU time
does not count what else the machine does, nor waits for its disk.
"""

import contextlib
import io
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np
import PIL.Image
from absl import app, flags
from figures import Figure, tell_figures

from foi_tf import miniworld
from foi_tf.bin import prepare
from foi_tf.data.convert import layouts
from foi_tf.data.convert.layouts import camvid, isprs

REQUIRED = 0.6
SIZE = (480, 640)
VAL = 4  # Validation images of each layout.

IMAGES = flags.DEFINE_integer("images", 300, "Number of training images in each layout.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Number of timings of each kind.", lower_bound=1)


def save(path: pathlib.Path, pixels: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path, **options)


def write_camvid(root: pathlib.Path, count: int) -> None:
    colors = np.asarray(list(camvid.COLORS), np.uint8)
    for index in range(count + VAL):
        example = miniworld.render("camvid", "train", index, SIZE)
        still = f"0001TP_{index:06d}" if index < count else f"0016E5_{7959 + index - count:05d}"
        save(root / f"701_StillsRaw_full/{still}.png", example["image"])
        save(
            root / f"LabeledApproved_full/{still}_L.png",
            colors[example["mask"] % len(colors)],
        )


def write_city(root: pathlib.Path, count: int) -> None:
    for index in range(count + VAL):
        example = miniworld.render("city", "train", index, SIZE)
        name = f"{'train' if index < count else 'val'}/aachen/aachen_{index:06d}_000019"
        save(root / f"leftImg8bit/{name}_leftImg8bit.png", example["image"])
        save(root / f"gtFine/{name}_gtFine_labelIds.png", example["mask"] % 34)


def write_uwt(root: pathlib.Path, count: int) -> None:
    names = ("plastic", "bio", "rov")
    for index in range(count + VAL):
        example = miniworld.render("uwt", "train", index, SIZE)
        path = root / f"dataset/{'train' if index < count else 'test'}/obj{index:04d}.jpg"
        save(path, example["image"], quality=90)
        objects = "".join(
            f"<object><name>{names[label % 3]}</name><bndbox><ymin>{y0 + 1}</ymin>"
            f"<xmin>{x0 + 1}</xmin><ymax>{y1}</ymax><xmax>{x1}</xmax></bndbox></object>"
            for label, (y0, x0, y1, x1) in zip(
                example["box_labels"], example["boxes"].tolist(), strict=True
            )
        )
        path.with_suffix(".xml").write_text(f"<annotation>{objects}</annotation>")


def write_isprs(root: pathlib.Path, count: int) -> None:
    side = 200 + 600 * max(1, round(count**0.5))  # Squares of so many tiles a side.
    scene = miniworld.render("isprs", "train", 0, (800, 800))
    repeats = -(-side // 800)
    pixels = np.tile(scene["image"], (repeats, repeats, 1))[:side, :side]
    colors = np.asarray(list(isprs.COLORS), np.uint8)[scene["mask"] % 6]
    coded = np.tile(colors, (repeats, repeats, 1))[:side, :side]
    save(root / "Potsdam/2_Ortho_RGB/top_potsdam_2_10_RGB.tif", pixels)
    save(root / "Potsdam/5_Labels_all/top_potsdam_2_10_label.tif", coded, compression="tiff_lzw")
    complete = "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
    save(root / "Vaihingen/top/top_mosaic_09cm_area1.tif", pixels[:900, :900])
    save(root / f"Vaihingen/{complete}/top_mosaic_09cm_area1.tif", coded[:900, :900])


WRITERS = {
    "camvid": write_camvid,
    "city": write_city,
    "uwt": write_uwt,
    "isprs": write_isprs,
}
LAYOUTS = flags.DEFINE_list("layouts", list(WRITERS), "Layouts to measure, comma-separated.")


def convert(name: str, root: pathlib.Path) -> None:
    """Runs foi-prepare in this process."""
    with tempfile.TemporaryDirectory() as data_dir:
        flag = {"dataset": name, "raw_dir": root, "data_dir": data_dir, "workers": 1}
        sys.argv = ["foi-prepare", *(f"--{key}={value}" for key, value in flag.items())]
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                prepare.main()
        except SystemExit as done:
            if done.code:
                sys.exit(said.getvalue())


def copy(root: pathlib.Path) -> None:
    with tempfile.TemporaryFile() as out:
        for path in sorted(root.rglob("*.*")):
            out.write(path.read_bytes())


def decode(root: pathlib.Path) -> None:
    for path in sorted(root.rglob("*.*")):
        data = path.read_bytes()
        if path.suffix != ".xml":
            PIL.Image.open(io.BytesIO(data)).load()


def seconds(work, *args) -> float:
    started = time.process_time()
    work(*args)
    return time.process_time() - started


def main(_) -> None:
    print(f"{'layout':8} {'images':>6} {'MB':>5} {'convert/s':>10} {'decode/s':>9} {'copy/s':>8}"
          f" {'to decode':>10} {'to copy':>8}")  # fmt: skip
    for name in LAYOUTS.value:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            WRITERS[name](root, IMAGES.value)
            found = layouts.find_published_dataset(name, root).dataset
            count = found.train + found.val
            size = sum(path.stat().st_size for path in root.rglob("*.*")) / 1e6
            convert(name, root)  # Not timed: it includes work that a process does once.
            times = {"convert": [], "decode": [], "copy": []}
            for _ in range(REPEATS.value):
                times["convert"].append(seconds(convert, name, root))
                times["decode"].append(seconds(decode, root))
                times["copy"].append(seconds(copy, root))
        own, decoded, copied = (count / statistics.median(t) for t in times.values())
        print(f"{name:8} {count:6} {size:5.0f} {own:10.0f} {decoded:9.0f} {copied:8.0f}"
              f" {own / decoded:10.2f} {own / copied:8.3f}", flush=True)  # fmt: skip
        what = f"preparing a dataset in the layout of {name}, against decoding its files once"
        unit = "images / CPU s"
        tell_figures(Figure(what=what, unit=unit, ours=own, peer=decoded, at_least=REQUIRED))


if __name__ == "__main__":
    app.run(main)
