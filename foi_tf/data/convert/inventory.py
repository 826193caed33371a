"""What a raw folder holds, before anything is written: expected against found."""

import dataclasses

from etils import epath

from foi_tf.data.convert import custom_dataset, layouts
from foi_tf.data.convert.folder import Folder
from foi_tf.data.convert.layouts.layout import Files
from foi_tf.data.convert.readers import pairs
from foi_tf.data.convert.shards import SPLITS
from foi_tf.data.records import schema
from foi_tf.errors import FoiError, unknown
from foi_tf.progress import track
from foi_tf.study.registry import DATASETS

_MOST_PROBLEMS = 50  # That are listed.


@dataclasses.dataclass(frozen=True)
class Part:
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

    parts: tuple[Part, ...]
    problems: tuple[str, ...] = ()
    home: str = ""
    terms: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all is there and can be read."""
        return not self.problems and all(part.is_whole for part in self.parts)


def of_layout(dataset_id: str, raw_dir: epath.PathLike) -> Inventory:
    """Counts the files of a publisher's folder, and the images that its lists make of them.

    The splits' images are compared with Table 1 and decide nothing: it rounds, and some
    publishers have changed theirs since.

    Raises:
      FoiError: there is no such dataset.
    """
    if dataset_id not in layouts.LAYOUTS:
        raise unknown("dataset", dataset_id, layouts.LAYOUTS)
    layout, root = layouts.LAYOUTS[dataset_id], epath.Path(raw_dir)
    parts = [_part(root, files) for files in layout.files]
    problems = []
    try:
        folder = layouts.find(dataset_id, root)
        parts += [
            dataclasses.replace(part, what=f"images (Table 1: {of_paper})")
            for part, of_paper in zip(
                _images(folder),
                (DATASETS[dataset_id].train, DATASETS[dataset_id].val),
                strict=True,
            )
        ]
    except FoiError as error:
        problems.append(str(error))
    return Inventory(tuple(parts), tuple(problems), layout.home, layout.terms)


def of_own(raw_dir: epath.PathLike, formats: list[str], val_fraction: float | None) -> Inventory:
    """Reads a raw folder of own data whole, and collects all that is wrong with it."""
    try:
        # Name and domain are not asked for here, and play no part.
        folder = custom_dataset.find(raw_dir, formats, "checked", "consumer", val_fraction)
    except FoiError as error:
        return Inventory((), (str(error),))
    problems = []
    counts = {kind: dict.fromkeys(SPLITS, 0) for kind in folder.dataset.classes}
    for split in SPLITS:
        for entry in track(folder.splits[split], split, len(folder.splits[split])):
            try:
                example, _ = entry.load(folder.dataset)
            except FoiError as error:
                problems.append(str(error))
                continue
            for kind in schema.annotated(example):
                counts[kind][split] += 1
    parts = _images(folder)
    parts += [Part(kind, split, None, n) for kind, of in counts.items() for split, n in of.items()]
    return Inventory(tuple(parts), tuple(problems[:_MOST_PROBLEMS]))


def _part(root: epath.Path, files: Files) -> Part:
    try:
        found = len(pairs.matches(root, files.pattern))
    except FoiError:
        found = 0
        if files.instead and (other := _part(root, files.instead)).found:
            return other
    return Part(files.pattern, files.split, files.count, found)


def _images(folder: Folder) -> list[Part]:
    return [Part("images", split, None, len(folder.splits[split])) for split in SPLITS]
