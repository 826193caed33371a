"""Writes pairs of duplicates as a table and as a contact sheet."""

import csv
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from etils import epath

from foi_tf.data.inspect import contact_sheet
from foi_tf.data.inspect.overlap import DuplicatePair, ImagePrints
from foi_tf.data.inspect.overlap.verify import Window
from foi_tf.data.records.read_examples import read_examples
from foi_tf.files import atomic_write

COLUMNS = (
    "a_split", "a_id", "b_split", "b_id", "kind", "mirrored", "crop",
    "ymin", "xmin", "ymax", "xmax", "distance", "correlation",
)  # fmt: skip
_SHOWN, _COLUMNS, _HEIGHT = 48, 4, 140  # Pairs on a sheet, pairs in a row, pixels of a tile.
_FRAME = (255, 0, 160)


def write_duplicates(
    pairs: Sequence[DuplicatePair], a: ImagePrints, b: ImagePrints, out: epath.PathLike
) -> dict[str, Any]:
    """Writes {a}_{b}.csv and, where there are pairs, {a}_{b}.png into `out`.

    The table has a line for each pair. Its column `crop` names the image that shows less;
    `ymin` to `xmax` are the part of the other image that it shows, in shares of the sides.
    The sheet shows the least certain pairs.

    Returns:
      Counts and paths, as JSON can hold them.

    Raises:
      FoiError: a file cannot be written.
    """
    names = [side.prepared.dataset.id for side in (a, b)]
    path = epath.Path(out) / f"{'_'.join(names)}.csv"
    with atomic_write(path) as temporary, temporary.open("w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for pair in pairs:
            shares = (f"{min(max(share, 0), 1):.3f}" for share in pair.window)
            where = (*a.places[pair.a], *b.places[pair.b])
            how = (pair.kind, int(pair.mirrored), pair.crop)
            writer.writerow([*where, *how, *shares, pair.distance, f"{pair.correlation:.3f}"])
    found = {
        "a": names[0],
        "b": names[1],
        "exact": sum(pair.kind == "exact" for pair in pairs),
        "near": sum(pair.kind == "near" for pair in pairs),
        "images_of_a": len({pair.a for pair in pairs}),
        "images_of_b": len({pair.b for pair in pairs}),
        "table": str(path),
    }
    if pairs:
        found["sheet"] = str(path.with_suffix(".png"))
        contact_sheet.save_png(found["sheet"], draw_duplicates(pairs, a, b))
    return found


def draw_duplicates(pairs: Sequence[DuplicatePair], a: ImagePrints, b: ImagePrints) -> np.ndarray:
    """Draws the images of pairs side by side, the least certain pairs first: uint8 [H, W, 3]."""
    shown = sorted(pairs, key=lambda pair: (pair.correlation, pair.a, pair.b))[:_SHOWN]
    ones = _read_images(a, [pair.a for pair in shown])
    others = _read_images(b, [pair.b for pair in shown])
    tiles = []
    for pair in shown:
        one, other = ones[pair.a].copy(), others[pair.b].copy()
        if pair.crop:
            _draw_frame(one if pair.crop == "b" else other, pair.window)
        note = f"{pair.kind} {pair.correlation:.2f}{' mirrored' if pair.mirrored else ''}"
        tiles.append(
            contact_sheet.Tile(
                contact_sheet.resize_to_height(one, _HEIGHT), a.places[pair.a][1][-24:]
            )
        )
        tiles.append(contact_sheet.Tile(contact_sheet.resize_to_height(other, _HEIGHT), note))
    return contact_sheet.compose_sheet(contact_sheet.split_into_rows(tiles, 2 * _COLUMNS))


def _read_images(side: ImagePrints, wanted: Sequence[int]) -> dict[int, np.ndarray]:
    places = {side.places[index]: index for index in wanted}
    images = {}
    for split in {split for split, _ in places}:
        chosen = frozenset(name for its_split, name in places if its_split == split)
        for example in read_examples(side.prepared, split, chosen):
            images[places[split, example["id"]]] = contact_sheet.resize_to_height(
                example["image"], _HEIGHT
            )
    return images


def _draw_frame(image: np.ndarray, window: Window) -> None:
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = window
    corners = [(xmin * width, ymin * height), (xmax * width - 1, ymax * height - 1)]
    first, last = (tuple(round(value) for value in corner) for corner in corners)
    cv2.rectangle(image, first, last, _FRAME, 2)
