"""Compares the labels of prepared datasets with those that the same datasets have today."""

from collections.abc import Iterator, Sequence

from etils import epath

from foi_tf import miniworld
from foi_tf.errors import FoiError
from foi_tf.progress import warn
from foi_tf.study import registry
from foi_tf.study.dataset import TABLE3, Dataset
from foi_tf.study.validation_tasks import VALIDATION_DATASETS

# By dataset of the paper, what its earlier conversions did otherwise than today's, the oldest
# first. Add a line when a publisher's files give other records under the same labels.
_EARLIER_CONVERSIONS = {
    "coco": ("left out validation images without objects, or without persons",),
    "idd": ("drew polygons of two points",),
    "isaid": ("included the images P1527 and P1530",),
}
_SHOWN = 3  # Differences that an error message lists.


def count_conversions(dataset: Dataset) -> int:
    """Counts the earlier ways to convert a dataset; records keep the number of their own."""
    published = dataset.collection == "paper"
    return len(_EARLIER_CONVERSIONS.get(dataset.id, ())) if published else 0


def check_labels(dataset: Dataset, conversion: int, directory: epath.Path) -> None:
    """Refuses records whose labels mean something else than those of the same dataset today.

    Records of the same labels that were converted in an earlier way get a warning. Own data has
    no other labels than those it was prepared with.

    Args:
      dataset: row of the prepared dataset.
      conversion: what `count_conversions` returned when it was prepared.
      directory: directory of the records.

    Raises:
      FoiError: classes, their names, what is ignored or keypoints differ.
    """
    known = {
        "paper": registry.DATASETS,
        "mini": miniworld.DATASETS,
        TABLE3: VALIDATION_DATASETS,
    }.get(dataset.collection, {})
    if dataset.id not in known:
        return
    remedy = f"remove {directory.parent} and prepare {dataset.id} anew, or give another --data_dir"
    changes = list(_find_changes(dataset, known[dataset.id]))
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise FoiError(
            f"{directory}: prepared by an earlier version, with other labels "
            f"({'; '.join(changes[:_SHOWN])}{more}); {remedy}"
        )
    if earlier := _EARLIER_CONVERSIONS.get(dataset.id, ())[conversion : count_conversions(dataset)]:
        warn(
            f"{directory}: prepared by an earlier version, which {', and '.join(earlier)}; {remedy}"
        )


def _find_changes(then: Dataset, now: Dataset) -> Iterator[str]:
    """Describes what changed in the labels of the annotations that the records have."""
    for task_type, count in then.classes.items():
        if task_type not in now.classes:
            yield f"{task_type} is not annotated now"
        elif count != now.classes[task_type]:
            yield f"{task_type} had {count} classes, now {now.classes[task_type]}"
        else:
            names = (row.names.get(task_type, ()) for row in (then, now))
            yield from _find_changed_names(task_type, *names)
    for name in sorted({*then.ignored} ^ {*now.ignored}):
        yield f"'{name}' was {'ignored' if name in then.ignored else 'a class'}"
    if "keypoints" in then.classes and then.flip_pairs != now.flip_pairs:
        yield "left and right keypoints were other ones"


def _find_changed_names(task_type: str, then: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    for index, (before, after) in enumerate(zip(then, now, strict=False)):
        if before != after:
            yield f"{task_type} {index} was '{before}', now '{after}'"
