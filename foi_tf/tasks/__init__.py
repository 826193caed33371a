"""Defines the task types: targets, losses, decoding and metrics, one module for each type."""

from collections.abc import Mapping

from foi_tf.errors import unknown_name_error
from foi_tf.study.dataset import Dataset, Task
from foi_tf.tasks.base import TaskType
from foi_tf.tasks.classification import Classification
from foi_tf.tasks.contrastive import Contrastive
from foi_tf.tasks.depth import Depth
from foi_tf.tasks.detection import Detection
from foi_tf.tasks.keypoints import Keypoints
from foi_tf.tasks.segmentation import Segmentation

TYPES: dict[str, type[TaskType]] = {
    "classification": Classification,
    "segmentation": Segmentation,
    "detection": Detection,
    "keypoints": Keypoints,
    "depth": Depth,
    "contrastive": Contrastive,
}


def create(task: Task, dataset: Dataset, options: Mapping[str, str] | None = None) -> TaskType:
    """Creates the task type of a task, for the classes of its dataset.

    Args:
      options: choices of the task type by name, as `chains.links.Member.options` returns them;
        None takes its defaults.

    Raises:
      FoiError: tasks of this type cannot be trained.
    """
    if task.type not in TYPES:
        raise unknown_name_error("trainable task type", task.type, TYPES, where=str(task))
    return TYPES[task.type](dataset, **(options or {}))
