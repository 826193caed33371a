"""What a raw folder holds, before anything is written: expected against found."""

import dataclasses

from etils import epath

from foi_tf.data.convert import custom_dataset, layouts
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.layouts.layout import ExpectedFiles
from foi_tf.data.convert.readers import pairs
from foi_tf.data.records import schema
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.progress import track
from foi_tf.study.registry import DATASETS

_MOST_PROBLEMS = 50  # That are listed.


@dataclasses.dataclass(frozen=True)
class InventoryPart:
    """One kind of file, or the images of a split.

    Attributes:
      what: a pattern below the raw folder, or "images".
      split: "train", "val", or "" for what serves both.
      expected: how many there should be; None where nobody says.
      found: how many there are.
    """

    what: str
    split: str
    expected: int | None
    found: int

    @property
    def is_whole(self) -> bool:
        """Whether enough are there."""
        return self.found >= (1 if self.expected is None else self.expected)


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What there is of a dataset.

    Attributes:
      parts: what was counted.
      problems: what would stop its preparation, a line each.
      home: where the dataset is to be requested; empty for own data.
      terms: on which terms.
    """

    parts: tuple[InventoryPart, ...]
    problems: tuple[str, ...] = ()
    home: str = ""
    terms: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all is there and can be read."""
        return not self.problems and all(part.is_whole for part in self.parts)


def inspect_published(dataset_id: str, raw_dir: epath.PathLike) -> Inventory:
    """Counts the files of a publisher's folder, and the images that its lists make of them.

    The splits' images are compared with Table 1 and decide nothing: it rounds, and some
    publishers have changed theirs since.

    Raises:
      FoiError: there is no such dataset.
    """
    if dataset_id not in layouts.LAYOUTS:
        raise unknown_name_error("dataset", dataset_id, layouts.LAYOUTS)
    layout, root = layouts.LAYOUTS[dataset_id], epath.Path(raw_dir)
    parts = [_count_files(root, files) for files in layout.files]
    problems = []
    try:
        folder = layouts.find_published_dataset(dataset_id, root)
        parts += [
            dataclasses.replace(part, what=f"images (Table 1: {of_paper})")
            for part, of_paper in zip(
                _count_images(folder),
                (DATASETS[dataset_id].train, DATASETS[dataset_id].val),
                strict=True,
            )
        ]
    except FoiError as error:
        problems.append(str(error))
    return Inventory(tuple(parts), tuple(problems), layout.home, layout.terms)


def inspect_custom(
    raw_dir: epath.PathLike, formats: list[str], val_fraction: float | None
) -> Inventory:
    """Reads a raw folder of own data whole, and collects all that is wrong with it."""
    try:
        # Name and domain are not asked for here, and play no part.
        folder = custom_dataset.find_custom_dataset(
            raw_dir, formats, "checked", "consumer", val_fraction
        )
    except FoiError as error:
        return Inventory((), (str(error),))
    problems = []
    counts = {kind: dict.fromkeys(schema.SPLITS, 0) for kind in folder.dataset.classes}
    for split in schema.SPLITS:
        for entry in track(folder.splits[split], split, len(folder.splits[split])):
            try:
                example, _ = entry.load(folder.dataset)
            except FoiError as error:
                problems.append(str(error))
                continue
            for kind in schema.annotated_task_types(example):
                counts[kind][split] += 1
    parts = _count_images(folder)
    parts += [
        InventoryPart(kind, split, None, n)
        for kind, of in counts.items()
        for split, n in of.items()
    ]
    return Inventory(tuple(parts), tuple(problems[:_MOST_PROBLEMS]))


def _count_files(root: epath.Path, files: ExpectedFiles) -> InventoryPart:
    try:
        found = len(pairs.match_files(root, files.pattern))
    except FoiError:
        found = 0
        if files.instead and (other := _count_files(root, files.instead)).found:
            return other
    return InventoryPart(files.pattern, files.split, files.count, found)


def _count_images(folder: RawDataset) -> list[InventoryPart]:
    return [
        InventoryPart("images", split, None, len(folder.splits[split])) for split in schema.SPLITS
    ]
