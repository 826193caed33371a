"""Describes a prepared dataset in numbers and in a picture."""

from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.inspect import contact_sheet, visualize
from foi_tf.data.inspect.palette import class_color
from foi_tf.data.inspect.statistics import Statistics
from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.read_examples import read_examples
from foi_tf.study.grid import choose_subset

_SAMPLES = {"train": 12, "val": 6}  # Images shown; ours.
_HEIGHT, _COLUMNS = 200, 6  # Height of a tile in pixels, and tiles in a row.
_LEGEND = 150  # Number of classes up to which their colors are explained.


def describe_dataset(prepared: PreparedDataset, path: epath.PathLike) -> dict[str, Any]:
    """Counts the annotations of all records, and writes a contact sheet.

    Args:
      path: of the contact sheet, a PNG file.

    Returns:
      The facts of the dataset's row, the counts of each split and the path, as JSON can hold
      them.

    Raises:
      FoiError: a record file is broken, or the sheet cannot be written.
    """
    row = prepared.dataset
    counted = {}
    for split in schema.SPLITS:
        statistics = Statistics(row)
        for example in read_examples(prepared, split, pixels=False):
            statistics.add(example)
        counted[split] = statistics.result()
    contact_sheet.save_png(path, draw_contact_sheet(prepared))
    facts = {name: getattr(row, name) for name in ("id", "domain", "collection", "mean", "std")}
    facts |= {"crop": row.crop, "fingerprint": prepared.fingerprint}
    facts |= {"warnings": list(prepared.warnings)}
    return facts | counted | {"sheet": str(path)}


def draw_contact_sheet(prepared: PreparedDataset) -> np.ndarray:
    """Draws a sample of each split, the same at every call: uint8 [H, W, 3]."""
    row = prepared.dataset
    rows = []
    for split, count in _SAMPLES.items():
        chosen = frozenset(_choose_sample(prepared, split, count))
        tiles = []
        for example in read_examples(prepared, split, chosen):
            tiles += visualize.draw_tiles(example, row, _HEIGHT)
        shown = len(tiles) // max(1, len(chosen))
        rows += contact_sheet.split_into_rows(tiles, max(shown, _COLUMNS // shown * shown))
    width = contact_sheet.compose_sheet(rows).shape[1] - 8
    for task_type, names in row.names.items():
        labels = schema.find_field(task_type, schema.Geometry.LABEL)  # Written, not colored.
        if not labels and len(names) <= _LEGEND:
            colors = [class_color(index) for index in range(len(names))]
            legend = contact_sheet.draw_legend(names, colors, width)
            rows.append([contact_sheet.Tile(legend, f"colors of {task_type}")])
    return contact_sheet.compose_sheet(rows)


def _choose_sample(prepared: PreparedDataset, split: str, count: int) -> list[str]:
    """Chooses images among those with the most kinds of annotations."""
    have = dict(zip(prepared.ids[split], prepared.annotated[split], strict=True))
    most = max(len(kinds & set(schema.known_task_types())) for kinds in have.values())
    return choose_subset([name for name, kinds in have.items() if len(kinds) == most], count)
