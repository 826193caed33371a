"""Finds what a user names as target or source: a prepared dataset, a folder, a rendered one."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from etils import epath

from foi_tf import miniworld
from foi_tf.data.convert import builder, custom_dataset, format_detection, rendered_scenes
from foi_tf.data.convert.custom_dataset import NoValidationImagesError
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.workers import Workers
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.progress import say
from foi_tf.study.dataset import OTHER_DOMAIN, STRUCTURED_TASK_TYPES, Dataset, Task
from foi_tf.study.validation_tasks import PUBLISHED
from foi_tf.wording import count_noun

# Images that a target needs so that a comparison can say anything, in training and validation.
LEAST_IMAGES = {"train": 8, "val": 4}  # Ours.
VAL_FRACTION = 0.25  # Share to validate on where a folder has no validation images; ours.
_MINI = "mini"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Says how folders are read.

    Attributes:
      data_dir: directory of the prepared datasets.
      collection: "mini" finds rendered datasets by name; "" does not.
      domains: image domains of folders, by folder as it is named; the others are of no known one.
      val_fraction: share of the training images to validate on, for folders without such images.
      workers: processes that convert.
    """

    data_dir: str
    collection: str = ""
    domains: Mapping[str, str] = dataclasses.field(default_factory=dict)
    val_fraction: float = VAL_FRACTION
    workers: int = 1


@dataclasses.dataclass(frozen=True, eq=False)
class NamedData:
    """Describes a target or a source.

    Attributes:
      task: the task.
      dataset: the row of its dataset.
      raw: what is to be prepared; None where that is done.
      folder: the folder that it is in, where it is to be prepared; else "".
    """

    task: Task
    dataset: Dataset
    raw: RawDataset | None
    folder: str = ""

    def prepare(self, options: DataOptions) -> None:
        """Writes the records, unless they are there."""
        if self.raw is not None:
            say(f"prepares {self.dataset.id} in {options.data_dir}")
            with Workers(options.workers) as pool:
                builder.build_records(self.raw, options.data_dir, workers=pool)


def find_target(text: str, options: DataOptions) -> NamedData:
    """Finds the target.

    Args:
      text: a folder or the name of a prepared dataset, with ":TYPE" where it has several task
        types, as "mine/:segmentation".

    Raises:
      FoiError: there is no such thing, its task type is not clear, or it has too few images.
    """
    found = _find_input(text, options, "target", None)
    for split, least in LEAST_IMAGES.items():
        count = found.dataset.size(found.task.type, split)
        if count < least:
            kind = {"train": "training", "val": "validation"}[split]
            raise FoiError(
                f"{text}: {count_noun(count, f'{kind} image')} annotated for {found.task.type}; "
                f"fewer than {least} say nothing about a start; annotate more"
            )
    return found


def find_source(text: str, target: NamedData, options: DataOptions) -> NamedData:
    """Finds a source, of the target's task type where it has several.

    Raises:
      FoiError: as `find_target`, or it is the target itself, has no training image, or is another
        folder of the target's name.
    """
    found = _find_input(text, options, "sources", target.task.type)
    check_names([target, found])
    if found.task == target.task:
        raise FoiError(f"--sources: {text} is the target itself; leave it out")
    if not found.dataset.size(found.task.type, "train"):
        raise FoiError(f"{text}: no training image is annotated for {found.task.type}")
    if found.task.type != target.task.type:
        say(
            f"{found.task} is of another task type than {target.task}; that is allowed, and helps "
            "less often (Section 6)"
        )
    return found


def check_names(every: Sequence[NamedData]) -> None:
    """Refuses two folders that would be prepared under one name."""
    folders: dict[str, str] = {}
    for one in every:
        if one.folder and folders.setdefault(one.dataset.id, one.folder) != one.folder:
            raise FoiError(
                f"{folders[one.dataset.id]} and {one.folder} would both be called "
                f"'{one.dataset.id}'; rename one of the folders"
            )


def find_dataset(task: Task, options: DataOptions) -> NamedData:
    """Finds a dataset by its name alone, to train a pre-training on.

    Raises:
      FoiError: it is neither prepared nor rendered, or has no such annotations.
    """
    found, raw = _find_row(task.dataset, options, "init")
    task.check({task.dataset: found})
    return NamedData(task, found, raw)


def _find_input(text: str, options: DataOptions, role: str, preferred: str | None) -> NamedData:
    place, kind = _split_type(text)
    dataset, raw = _find_row(place, options, role)
    task = Task(dataset.id, _choose_type(text, kind, dataset, role, preferred))
    in_folder = raw is not None and epath.Path(place).is_dir()
    return NamedData(task, dataset, raw, str(epath.Path(place).resolve()) if in_folder else "")


def _find_row(place: str, options: DataOptions, role: str) -> tuple[Dataset, RawDataset | None]:
    """Finds a dataset's row, and what is to be prepared: None where that is done."""
    prepared = find_prepared(options.data_dir)
    if place in prepared:
        if epath.Path(place).is_dir():
            say(
                f"{place}: taken as it was prepared in {options.data_dir}; if the folder has "
                f"changed since, remove {prepared[place]}"
            )
        return prepared_datasets.load_prepared(options.data_dir, place).dataset, None
    if epath.Path(place).is_dir():
        raw = _find_folder(place, options)
        return raw.dataset, raw
    if options.collection == _MINI and place in miniworld.DATASETS:
        raw = rendered_scenes.find_rendered_dataset(place)
        return raw.dataset, raw
    known = [*prepared, *(miniworld.DATASETS if options.collection == _MINI else ())]
    raise unknown_name_error("folder or prepared dataset", place, known, where=f"--{role}")


def _split_type(text: str) -> tuple[str, str]:
    """Splits "mine/:segmentation" into folder or name, and task type ("" without one)."""
    place, colon, kind = text.rpartition(":")
    if colon and place and not kind.startswith("/") and not epath.Path(text).is_dir():
        return place, kind
    return text, ""


def find_prepared(data_dir: str) -> dict[str, epath.Path]:
    """Returns the prepared datasets; none where the directory is still to be made."""
    return prepared_datasets.find_prepared(data_dir) if epath.Path(data_dir).is_dir() else {}


def _choose_type(text: str, kind: str, dataset: Dataset, role: str, preferred: str | None) -> str:
    """Returns the task type: the one that is given, or else the only or the preferred one."""
    own = [one for one in STRUCTURED_TASK_TYPES if one in dataset.classes]
    if kind:
        if kind not in own:
            raise unknown_name_error("task type", kind, own, where=f"--{role}={text}")
        return kind
    if preferred in own:
        return preferred
    if len(own) == 1:
        return own[0]
    place = text.rstrip(":")
    if not own:
        raise FoiError(
            f"--{role}={text}: has classes of whole images alone; comparisons are of segmentation, "
            "detection, keypoints and depth"
        )
    choices = " or ".join(f"{place}:{one}" for one in own)
    raise FoiError(f"--{role}={text}: annotated for {', '.join(own)}; give {choices}")


def _find_folder(place: str, options: DataOptions) -> RawDataset:
    """Finds the images of a folder, with all formats that fit it; says what they are."""
    formats = format_detection.detect_format(place) or format_detection.choose_format(place)
    name, domain = _name_dataset(place), options.domains.get(place.rstrip("/"), OTHER_DOMAIN)
    try:
        found = custom_dataset.find_custom_dataset(place, formats, name, domain, None)
    except NoValidationImagesError:
        share = options.val_fraction
        found = custom_dataset.find_custom_dataset(place, formats, name, domain, share)
        say(f"{place}: has no validation images; {share:.0%} of the training images become some")
    row = found.dataset
    say(
        f"{place}: read as {', '.join(formats)}; {count_noun(row.train, 'training image')}, "
        f"{count_noun(row.val, 'validation image')}; {', '.join(row.classes)}; here called "
        f"'{name}'"
    )
    return found


def _name_dataset(place: str) -> str:
    """Makes the id of a dataset of the name of its folder."""
    name = re.sub(r"[^a-z0-9]+", "_", epath.Path(place).resolve().name.lower()).strip("_")
    name = name if name[:1].isalpha() else f"set_{name}".rstrip("_")
    return f"own_{name}" if name in PUBLISHED else name
