"""Loads the configuration of a run by the datasets that are prepared."""

from collections.abc import Sequence

from etils import epath

from foi_tf.data.records import prepared_datasets
from foi_tf.study import configuration, sources
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import Size, Task
from foi_tf.study.validation_tasks import PUBLISHED


def load_config(
    data_dir: epath.PathLike,
    task: Task,
    seed: int,
    name: str = "",
    *,
    crop: Size | None = None,
    overrides: Sequence[str] = (),
) -> Config:
    """Loads the configuration for a run on a task or on a set of tasks.

    Args:
      seed: the run's; it decides which task of a set comes first.
      name: name or path of the configuration; empty takes the `default_config` of the (first)
        task's dataset.
      crop: input size on all datasets, see `study.configuration.Config`.
      overrides: single values, see `study.configuration.load_config`.

    Raises:
      FoiError: the dataset is not prepared, or the configuration is missing or wrong.
    """
    if not name:
        first = sources.interleave_parts(task, seed)[0]
        name = prepared_datasets.load_task_dataset(data_dir, first).dataset.default_config
    known = {*PUBLISHED, *prepared_datasets.find_prepared(data_dir)}
    return configuration.load_config(name, known, crop, overrides)
