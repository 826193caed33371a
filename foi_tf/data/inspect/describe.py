"""A prepared dataset in numbers and in a picture."""

from typing import Any

import numpy as np
from etils import epath

from foi_tf.data.inspect import contact_sheet, visualize
from foi_tf.data.inspect.statistics import Statistics
from foi_tf.data.records import read_examples, schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.study.grid import choose_subset

_SAMPLES = {"train": 12, "val": 6}  # Images shown; ours.
_HEIGHT, _COLUMNS = 200, 6  # Of tiles in pixels, and how many go into a row.
_LEGEND = 150  # Classes up to which their colors are explained.


def describe_dataset(prepared: PreparedDataset, path: epath.PathLike) -> dict[str, Any]:
    """Reads all records, counts, and writes a contact sheet.

    Args:
      path: of the contact sheet, a PNG.

    Returns:
      What JSON can hold: the row's own facts, the counts of each split, the path.

    Raises:
      FoiError: a record file is broken, or the sheet cannot be written.
    """
    row = prepared.dataset
    counted = {}
    for split in schema.SPLITS:
        statistics = Statistics(row)
        for example in read_examples.read_examples(prepared, split, pixels=False):
            statistics.add(example)
        counted[split] = statistics.result()
    contact_sheet.save_png(path, draw_contact_sheet(prepared))
    facts = {name: getattr(row, name) for name in ("id", "domain", "collection", "mean", "std")}
    facts |= {"crop": row.crop, "fingerprint": prepared.fingerprint}
    return facts | counted | {"sheet": str(path)}


def draw_contact_sheet(prepared: PreparedDataset) -> np.ndarray:
    """The contact sheet: the same sample of each split whenever it is drawn, uint8 [H, W, 3]."""
    row = prepared.dataset
    rows = []
    for split, count in _SAMPLES.items():
        chosen = frozenset(_sample(prepared, split, count))
        tiles = []
        for example in read_examples.read_examples(prepared, split, chosen):
            tiles += visualize.draw_tiles(example, row, _HEIGHT)
        shown = len(tiles) // max(1, len(chosen))
        rows += contact_sheet.split_into_rows(tiles, max(shown, _COLUMNS // shown * shown))
    drawn = contact_sheet.compose_sheet(rows)
    legends = [
        contact_sheet.Tile(_legend(names, drawn.shape[1] - 8), f"colors of {task_type}")
        for task_type, names in row.names.items()
        if task_type != "classification" and len(names) <= _LEGEND
    ]
    return contact_sheet.compose_sheet([*rows, *([legend] for legend in legends)])


def _legend(names: tuple[str, ...], width: int) -> np.ndarray:
    return contact_sheet.draw_legend(
        names, [visualize.class_color(index) for index in range(len(names))], width
    )


def _sample(prepared: PreparedDataset, split: str, count: int) -> list[str]:
    """Images with as many kinds of annotations as there are, where some have fewer."""
    have = dict(zip(prepared.ids[split], prepared.annotated[split], strict=True))
    most = max(len(kinds & set(schema.FIELDS)) for kinds in have.values())
    return choose_subset([name for name, kinds in have.items() if len(kinds) == most], count)
