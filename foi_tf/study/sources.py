"""Reads names of sources: a task, a multi-source model of the paper, or a set of tasks.

The tasks of a set have one type. A set is named like a task, with its datasets joined by "+":
`ade+coco:segmentation`. The paper's sets (section 5.1) are named `multi:segmentation`,
`multi:detection` and `multi:depth`.
"""

import hashlib

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Task
from foi_tf.study.grid import MULTI_SOURCES
from foi_tf.study.results import MULTI_SOURCE

_SEPARATOR = "+"


def parse_source(text: str) -> Task:
    """Reads "coco:segmentation", "multi:depth" or "coco:segmentation+ade:segmentation".

    Returns:
      The task, or the name of the set as a task. It does not depend on the order in `text`.

    Raises:
      FoiError: a part is not a task, the parts differ in type, or a dataset is named twice.
    """
    tasks = [Task.parse(part) for part in text.split(_SEPARATOR)]
    if len(tasks) == 1:
        source_parts(tasks[0])  # Raises if the paper has no such multi-source model.
        return tasks[0]
    names, types = sorted(task.dataset for task in tasks), {task.type for task in tasks}
    if len(types) > 1:
        raise FoiError(f"{text}: the tasks of one source must be of one type")
    if len(set(names)) < len(names) or MULTI_SOURCE in names:
        raise FoiError(f"{text}: name each dataset once, and '{MULTI_SOURCE}' only by itself")
    (task_type,) = types
    if names == sorted(MULTI_SOURCES.get(task_type, ())):
        return Task(MULTI_SOURCE, task_type)
    return Task(_SEPARATOR.join(names), task_type)


def source_parts(source: Task) -> tuple[Task, ...]:
    """Returns the tasks that a source is trained on; one for a plain task.

    Raises:
      FoiError: the paper has no multi-source model of the source's type.
    """
    if source.dataset == MULTI_SOURCE:
        if source.type not in MULTI_SOURCES:
            raise unknown_name_error(
                "multi-source task type", source.type, MULTI_SOURCES, where=str(source)
            )
        names = list(MULTI_SOURCES[source.type])
    else:
        names = source.dataset.split(_SEPARATOR)
    return tuple(Task(name, source.type) for name in names)


def interleave_parts(source: Task, seed: int) -> tuple[Task, ...]:
    """Returns the parts of a source in the order in which they take turns in training.

    The order follows from SHA-256 digests of seed and task, as in `grid.choose_subset`, so that
    it is the same on every machine.
    """

    def digest_of(task: Task) -> bytes:
        return hashlib.sha256(f"{seed}/{task}".encode()).digest()

    return tuple(sorted(source_parts(source), key=digest_of))
