"""The sources that a target could be started from, and what is known of them beforehand."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.summary import domain_relation, type_relation
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.progress import Progress
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, Dataset, Task
from foi_tf.study.feature_files import Features, comparable_features

WITHIN = "within"  # Of `summary`'s relations.
PAIR = ["target", "target_type", "source", "source_type"]
# What is known of a pair: also the images that the source was trained on, and how far the
# target's images are from them (NaN where not known).
COLUMNS = [*PAIR, "target_domain", "source_domain", "n_source", "distance"]
Description = tuple[str, Mapping[str, int]]  # A dataset's domain, and training images by type.


def find_target(text: str, types: Mapping[str, Iterable[str]]) -> Task:
    """Reads `dataset` or `dataset:type`; the type may be left out where there is only one.

    Args:
      types: by dataset, the task types that it is annotated for.

    Raises:
      FoiError: the dataset or type is unknown, or has to be said.
    """
    name, colon, _ = text.partition(":")
    if name not in types:
        raise unknown_name_error(
            "dataset", name, types, where="--target (one of your own needs --features)"
        )
    own = [kind for kind in types[name] if kind in STRUCTURED_TASK_TYPES]
    if colon:
        task = Task.parse(text)
        if task.type not in own:
            raise FoiError(f"{task}: {name} is annotated for {', '.join(own) or 'nothing'} only")
        return task
    if len(own) != 1:
        choices = " or ".join(f"{name}:{kind}" for kind in own) or "another dataset"
        raise FoiError(f"--target={name}: say which task, {choices}")
    return Task(name, own[0])


def describe_datasets(
    datasets: Mapping[str, Dataset], features: Iterable[Features]
) -> dict[str, Description]:
    """Of datasets, and of those that files have features of."""
    found = {
        name: (row.domain, {kind: row.size(kind, "train") for kind in row.classes})
        for name, row in datasets.items()
    }
    return found | {x.origin.dataset: (x.origin.domain, x.origin.train) for x in features}


def list_dataset_candidates(target: Task, datasets: Mapping[str, Dataset]) -> pd.DataFrame:
    """All other structured tasks of some datasets as sources for a target among them.

    Returns:
      `COLUMNS`; distances are not known.
    """
    return _frame(target, describe_datasets(datasets, []), {})


def list_feature_candidates(target: Task, features: Mapping[str, Features]) -> pd.DataFrame:
    """All other structured tasks of the datasets that there are features of.

    Args:
      features: of the target's dataset and others, see `study.feature_files.comparable_features`.

    Returns:
      `COLUMNS`, with the distance of the target's images from each source's (Eq. 1).
    """
    own = features[target.dataset].vectors
    apart = {target.dataset: 0.0}  # Nothing includes images better than they themselves do.
    with Progress(f"{target} distances", len(features) - 1, unit="dataset") as progress:
        for name, each in features.items():
            if name not in apart:
                apart[name] = distance.domain_distance(own, each.vectors)
                progress.update()
    return _frame(target, describe_datasets({}, features.values()), apart)


def select_target_network(target: str, features: Iterable[Features]) -> dict[str, Features]:
    """By dataset, the features by the network that saw the target and other datasets.

    Raises:
      FoiError: no network did, or several.
    """
    spaces: dict[str, list[Features]] = {}
    for each in features:
        if each.points is None:  # Those are a source model's view of targets alone.
            spaces.setdefault(each.origin.network, []).append(each)
    names = {network: {x.origin.dataset for x in own} for network, own in spaces.items()}
    fit = [network for network, seen in names.items() if target in seen and len(seen) > 1]
    if not fit:
        seen = ", ".join(sorted({name for own in names.values() for name in own})) or "none"
        raise FoiError(
            f"no file has features of {target} and of another dataset by the same network "
            f"(there are features of {seen}); make them with foi-features"
        )
    if len(fit) > 1:
        raise FoiError(
            f"features of {target} and others are by several networks, {' and '.join(fit)}; "
            "name the files of one of them"
        )
    return comparable_features(spaces[fit[0]])


def same_domain(pairs: pd.DataFrame) -> pd.Series:
    """Whether source and target share the image domain; multi-source models count as such."""
    return domain_relation(pairs) == WITHIN


def same_type(pairs: pd.DataFrame) -> pd.Series:
    """Whether source and target have the same task type."""
    return type_relation(pairs) == WITHIN


def _frame(
    target: Task,
    datasets: Mapping[str, Description],
    distances: Mapping[str, float],
) -> pd.DataFrame:
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
        raise FoiError(f"{target}: there is no other task to start from")
    return pd.DataFrame(rows, columns=COLUMNS)
