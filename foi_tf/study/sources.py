"""Sources: one task, the paper's multi-source models, or any set of tasks of one type.

A set is named like a task, with its datasets joined by "+", as `ade+coco:segmentation`; the
paper's sets (section 5.1) are `multi:segmentation`, `multi:detection` and `multi:depth`.
"""

import hashlib

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Task
from foi_tf.study.grid import MULTI_SOURCES
from foi_tf.study.results import MULTI_SOURCE

_AND = "+"


def parse_source(text: str) -> Task:
    """Reads "coco:segmentation", "multi:depth" or "coco:segmentation+ade:segmentation".

    Returns:
      The task, or for a set its name, which does not depend on the order in `text`.

    Raises:
      FoiError: a part is no task, the parts differ in type, or one is there twice.
    """
    tasks = [Task.parse(part) for part in text.split(_AND)]
    if len(tasks) == 1:
        source_parts(tasks[0])  # A multi-source model that there is.
        return tasks[0]
    names, types = sorted(task.dataset for task in tasks), {task.type for task in tasks}
    if len(types) > 1:
        raise FoiError(f"{text}: the tasks of one source must be of one type")
    if len(set(names)) < len(names) or MULTI_SOURCE in names:
        raise FoiError(f"{text}: name each dataset once, and not '{MULTI_SOURCE}' among others")
    (task_type,) = types
    if names == sorted(MULTI_SOURCES.get(task_type, ())):
        return Task(MULTI_SOURCE, task_type)
    return Task(_AND.join(names), task_type)


def source_parts(source: Task) -> tuple[Task, ...]:
    """The tasks that a source is trained on; one for a plain task.

    Raises:
      FoiError: there is no multi-source model of the type.
    """
    if source.dataset == MULTI_SOURCE:
        if source.type not in MULTI_SOURCES:
            raise unknown_name_error(
                "multi-source task type", source.type, MULTI_SOURCES, where=str(source)
            )
        names = MULTI_SOURCES[source.type]
    else:
        names = source.dataset.split(_AND)
    return tuple(Task(name, source.type) for name in names)


def interleave_parts(source: Task, seed: int) -> tuple[Task, ...]:
    """The order in which the parts take turns, which follows from the seed alone.

    By digests, as in `grid.choose_subset`, so that it is the same on every machine.
    """

    def rank(task: Task) -> bytes:
        return hashlib.sha256(f"{seed}/{task}".encode()).digest()

    return tuple(sorted(source_parts(source), key=rank))
