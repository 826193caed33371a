"""Takes inventory of a raw folder before anything is written: expected against found files."""

import dataclasses
import functools
from collections.abc import Sequence

from etils import epath

from foi_tf.data.convert import custom_dataset, layouts
from foi_tf.data.convert.audit import collect
from foi_tf.data.convert.audit.judge import judge_dataset
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.layouts.layout import ExpectedFiles
from foi_tf.data.convert.reader_result import Loader
from foi_tf.data.convert.readers import pairs
from foi_tf.data.records import schema
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.progress import track
from foi_tf.study.dataset import OTHER_DOMAIN
from foi_tf.study.validation_tasks import PUBLISHED

_MOST_PROBLEMS = 50  # Longest list of problems; ours.


@dataclasses.dataclass(frozen=True)
class InventoryPart:
    """Describes one kind of file, or the images of a split, and how many were found.

    Attributes:
      what: a pattern below the raw folder, "images" or a task type.
      split: "train", "val", or "" for files that serve both.
      expected: number of files that there should be; None where it is unknown.
      found: number of files that there are.
    """

    what: str
    split: str
    expected: int | None
    found: int

    @property
    def is_whole(self) -> bool:
        """Tells whether enough files were found."""
        return self.found >= (1 if self.expected is None else self.expected)


@dataclasses.dataclass(frozen=True)
class Inventory:
    """Lists the parts and the problems of a raw folder.

    Attributes:
      parts: the parts that were counted.
      problems: errors that would stop the preparation, a line each.
      warnings: what may be wrong, a line each.
      home: place where the dataset can be requested; empty for own data.
      terms: terms of use; empty for own data.
    """

    parts: tuple[InventoryPart, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    home: str = ""
    terms: str = ""

    @property
    def is_whole(self) -> bool:
        """Tells whether all parts are there and can be read."""
        return not self.problems and all(part.is_whole for part in self.parts)


def inspect_published(dataset_id: str, raw_dir: epath.PathLike) -> Inventory:
    """Counts the files in a publisher's folder, and the images of each split.

    The annotated images of each task are shown beside the numbers of the registry, but decide
    nothing: Table 1 rounds, and some publishers have changed their sets since. To tell which
    tasks an image is annotated for, one image of each kind is loaded.

    Raises:
      FoiError: there is no such dataset.
    """
    if dataset_id not in layouts.LAYOUTS:
        raise unknown_name_error("dataset", dataset_id, layouts.LAYOUTS)
    layout, root = layouts.LAYOUTS[dataset_id], epath.Path(raw_dir)
    row = PUBLISHED[dataset_id]
    parts = [_count_files(root, files) for files in layout.files]
    problems = []
    try:
        raw = layouts.find_published_dataset(dataset_id, root)
        parts += _count_images(raw)
        parts += [
            InventoryPart(f"{kind} (about {row.size(kind, split)})", split, None, count)
            for split in schema.SPLITS
            for kind, count in _count_annotated(raw, split).items()
        ]
    except FoiError as error:
        problems.append(str(error))
    return Inventory(tuple(parts), tuple(problems), (), layout.home, layout.terms)


def inspect_custom(
    raw_dir: epath.PathLike,
    formats: Sequence[str],
    val_fraction: float | None,
    colors: str | None = None,
    domain: str = OTHER_DOMAIN,
) -> Inventory:
    """Loads all examples of a raw folder of own data and collects their errors."""
    try:
        # The inventory does not depend on the name.
        raw = custom_dataset.find_custom_dataset(
            raw_dir, formats, "checked", domain, val_fraction, colors
        )
    except FoiError as error:
        return Inventory((), (str(error),))
    problems = []
    counts = {kind: dict.fromkeys(schema.SPLITS, 0) for kind in raw.dataset.classes}
    tallies = {split: Tally() for split in schema.SPLITS}
    for split in schema.SPLITS:
        for entry in track(raw.splits[split], split, len(raw.splits[split])):
            try:
                example, _ = collect.load_and_observe(entry, raw.dataset, tallies[split])
            except FoiError as error:
                problems.append(str(error))
                continue
            for kind in schema.annotated_task_types(example):
                counts[kind][split] += 1
    parts = _count_images(raw)
    parts += [
        InventoryPart(kind, split, None, n)
        for kind, of in counts.items()
        for split, n in of.items()
    ]
    found = judge_dataset(raw.dataset, tallies, raw.looked_for)
    # Conclusions on the examples that can be loaded need not be true of all.
    certain = [] if problems else [finding.text for finding in found if finding.certain]
    doubtful = [finding.text for finding in found if not finding.certain]
    return Inventory(
        tuple(parts),
        tuple((problems + certain)[:_MOST_PROBLEMS]),
        warnings=(*raw.doubts, *doubtful),
    )


def _count_files(root: epath.Path, files: ExpectedFiles) -> InventoryPart:
    try:
        found = len(pairs.match_files(root, files.pattern))
    except FoiError:
        found = 0
        if files.instead and (other := _count_files(root, files.instead)).found:
            return other
    return InventoryPart(files.pattern, files.split, files.count, found)


def _count_annotated(raw: RawDataset, split: str) -> dict[str, int]:
    """Counts the annotated images of a split, by task type.

    Images with the same kinds of loaders have the same kinds of annotations.
    """
    counts = dict.fromkeys(raw.dataset.classes, 0)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for entry in raw.splits[split]:
        key = tuple(_name_loader(load) for load in entry.annotations)
        if key not in kinds:
            fields = {name: value for load in entry.annotations for name, value in load().items()}
            kinds[key] = schema.annotated_task_types(fields)
        for task_type in kinds[key]:
            counts[task_type] += 1
    return counts


def _name_loader(load: Loader) -> str:
    """Names the function that loads an annotation."""
    function = load.func if isinstance(load, functools.partial) else load
    return f"{function.__module__}.{function.__qualname__}"


def _count_images(raw: RawDataset) -> list[InventoryPart]:
    return [InventoryPart("images", split, None, len(raw.splits[split])) for split in schema.SPLITS]
