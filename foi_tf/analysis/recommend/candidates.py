"""Lists the sources that a target could start from, with the facts known beforehand."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.summary import PAIR
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.progress import Progress
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, Dataset, Task
from foi_tf.study.feature_files import Features, comparable_features

# Facts of a pair of target and source. `n_source` is the number of training images of the source.
# `distance` is that of the target's images from the source's (Eq. 1), NaN where it is not known.
PAIR_COLUMNS = [*PAIR, "target_domain", "source_domain", "n_source", "distance"]
DatasetFacts = tuple[str, Mapping[str, int]]  # Domain and training images by task type.


def find_target(text: str, types: Mapping[str, Iterable[str]]) -> Task:
    """Reads a target written `dataset` or `dataset:type`.

    The type may be left out where the dataset has only one structured task type.

    Args:
      text: the target.
      types: task types that each dataset is annotated for, by dataset.

    Raises:
      FoiError: the dataset or the task type is unknown, or the task type is missing.
    """
    name, colon, _ = text.partition(":")
    if name not in types:
        where = "--target (of a dataset of yours, give --features, or name one that looks like it)"
        raise unknown_name_error("dataset", name, types, where=where)
    own = [kind for kind in types[name] if kind in STRUCTURED_TASK_TYPES]
    if colon:
        task = Task.parse(text)
        if task.type not in own:
            raise FoiError(f"{task}: {name} is annotated for {', '.join(own) or 'nothing'} only")
        return task
    if len(own) != 1:
        choices = " or ".join(f"{name}:{kind}" for kind in own) or "another dataset"
        raise FoiError(f"--target={name}: name the task, {choices}")
    return Task(name, own[0])


def describe_datasets(
    datasets: Mapping[str, Dataset], features: Iterable[Features]
) -> dict[str, DatasetFacts]:
    """Returns the domain and training images of each dataset.

    Args:
      datasets: datasets of a registry, by id.
      features: features of other datasets; their origins replace the registry's facts.
    """
    found: dict[str, DatasetFacts] = {
        name: (row.domain, {kind: row.size(kind, "train") for kind in row.classes})
        for name, row in datasets.items()
    }
    return found | {x.origin.dataset: (x.origin.domain, x.origin.train) for x in features}


def list_dataset_candidates(target: Task, datasets: Mapping[str, Dataset]) -> pd.DataFrame:
    """Lists all other structured tasks of some datasets as sources for a target among them.

    Returns:
      One row for each source with `PAIR_COLUMNS`; `distance` is NaN.
    """
    return _pairs_with(target, describe_datasets(datasets, []), {})


def list_feature_candidates(target: Task, features: Mapping[str, Features]) -> pd.DataFrame:
    """Lists all other structured tasks of the datasets that have features.

    Args:
      target: the target task.
      features: features of the target's dataset and of others, by dataset, as
        `study.feature_files.comparable_features` returns them.

    Returns:
      One row for each source with `PAIR_COLUMNS`.
    """
    own = features[target.dataset].vectors
    distances = {target.dataset: 0.0}  # A dataset includes its own images completely.
    with Progress(f"{target} distances", len(features) - 1, unit="dataset") as progress:
        for name, each in features.items():
            if name not in distances:
                distances[name] = distance.domain_distance(own, each.vectors)
                progress.update()
    return _pairs_with(target, describe_datasets({}, features.values()), distances)


def select_target_network(target: str, features: Iterable[Features]) -> dict[str, Features]:
    """Selects features by the one network that made those of the target and of other datasets.

    Args:
      target: id of the target's dataset.
      features: features by any networks; those with points are left out.

    Returns:
      The features of that network, by dataset.

    Raises:
      FoiError: no network, or more than one, made features of the target and of others.
    """
    spaces: dict[str, list[Features]] = {}
    for each in features:
        if each.points is None:  # Features with points are by a source model, of targets only.
            spaces.setdefault(each.origin.network, []).append(each)
    names = {network: {x.origin.dataset for x in own} for network, own in spaces.items()}
    fit = [network for network, seen in names.items() if target in seen and len(seen) > 1]
    if not fit:
        seen = ", ".join(sorted({name for own in names.values() for name in own})) or "none"
        raise FoiError(
            f"no file has features of {target} and of another dataset by the same network "
            f"(the files have features of {seen}); make them with foi-features"
        )
    if len(fit) > 1:
        raise FoiError(
            f"features of {target} and others are by several networks, {' and '.join(fit)}; "
            "name the files of one of them"
        )
    return comparable_features(spaces[fit[0]])


def _pairs_with(
    target: Task,
    datasets: Mapping[str, DatasetFacts],
    distances: Mapping[str, float],
) -> pd.DataFrame:
    """Pairs a target with all other structured tasks that have training images.

    Returns:
      One row for each source with `PAIR_COLUMNS`.

    Raises:
      FoiError: there is no other task.
    """
    domain = datasets[target.dataset][0]
    rows = [
        (target.dataset, target.type, name, kind, domain, own, images, distances.get(name, np.nan))
        for name, (own, sizes) in datasets.items()
        for kind, images in sizes.items()
        if kind in STRUCTURED_TASK_TYPES
        and images
        and (name, kind) != (target.dataset, target.type)
    ]
    if not rows:
        raise FoiError(
            f"{target}: the datasets have no other task to start from; add features of a source"
        )
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)
