"""Lists MSeg's classes (Lambert et al., CVPR 2020) and maps the publishers' classes to them.

`mseg.tsv` beside this file holds four columns of MSeg_master.tsv, word for word: the 194
universal classes of MSeg, in order, and the classes of three datasets that are parts of each.
That table is in github.com/mseg-dataset/mseg-api (mseg/class_remapping_files), which asks for
attribution. As in its `TaxonomyConverter`, {a, b} names several classes that become one, and a
class that the column lacks is unlabeled.

Columns of MSeg_master.tsv for Pascal Context and ScanNet only go from universal classes to
theirs. MSeg trains and tests on those two in spaces of their own.
"""

import csv
import importlib.resources
from collections.abc import Mapping

UNLABELED = "unlabeled"  # MSeg's name of what is ignored.
_ROWS = tuple(
    csv.DictReader(
        importlib.resources.files(__package__).joinpath("mseg.tsv").read_text().splitlines(),
        delimiter="\t",
    )
)
UNIVERSAL = tuple(row["universal"] for row in _ROWS)

# scannet-20: the classes of ScanNet's benchmark.
SCANNET = (
    "bathtub", "bed", "bookshelf", "cabinet", "chair", "counter", "curtain", "desk", "door",
    "floor", "otherfurniture", "picture", "refridgerator", "shower curtain", "sink", "sofa",
    "table", "toilet", "wall", "window",
)  # fmt: skip


def map_to_universal(column: str) -> Mapping[str, str]:
    """Maps the classes of a column to universal ones, in the order of the latter.

    Args:
      column: "coco-panoptic-133", "cityscapes-19" or "bdd".
    """
    return {name: row["universal"] for row in _ROWS for name in _split_cell(row[column])}


def list_universal(column: str) -> tuple[str, ...]:
    """Lists the universal classes that a column has, in order."""
    return tuple(dict.fromkeys(map_to_universal(column).values()))


def _split_cell(cell: str) -> list[str]:
    """Returns the classes that a cell names: none, one, or several as {a, b}."""
    if cell.startswith("{"):
        return [name.strip() for name in cell[1:-1].split(",")]
    return [cell] if cell else []
