"""Writes distances between datasets, embeddings of images, and their agreement with gains."""

from collections.abc import Iterable, Mapping

import pandas as pd
from etils import epath

from foi_tf import files
from foi_tf.analysis.measures import correlation, distance, embedding
from foi_tf.analysis.measures.summary import STUDY
from foi_tf.analysis.report import scatter
from foi_tf.errors import FoiError
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.feature_files import Features, comparable_features


def write_distances(features: Iterable[Features], directory: epath.PathLike) -> pd.DataFrame:
    """Writes the distances between datasets, and embeddings of their images (Figure 3a).

    The directory gets `distances.csv`, all numbers of Table 9 and of the other distances, and
    `embedding-euclidean` and `embedding-cosine` as CSV, PNG and SVG.

    Args:
      features: of several datasets by one network.
      directory: the directory to write to.

    Returns:
      The distances, see `distance.distances`.

    Raises:
      FoiError: the features cannot be compared, or a file cannot be written.
    """
    space = comparable_features(features)
    vectors = {name: each.vectors for name, each in space.items()}
    domains = {name: each.origin.domain for name, each in space.items()}
    table = distance.distances(vectors)
    _write_csv(table, epath.Path(directory) / "distances.csv")
    for metric in embedding.METRICS:
        points = embedding.embed(vectors, metric=metric)
        title = f"t-SNE of images, {metric} distance of features"
        _draw(points, domains, title, epath.Path(directory) / f"embedding-{metric}")
    return table


def write_networks(features: Iterable[Features], directory: epath.PathLike) -> None:
    """Writes `embedding-DATASET` of each dataset with features by several networks (Figure 3b, c).

    Raises:
      FoiError: the networks saw different images of a dataset, or a file cannot be written.
    """
    by_dataset: dict[str, dict[str, Features]] = {}
    for each in features:
        by_dataset.setdefault(each.origin.dataset, {})[each.origin.network] = each
    for name, by_network in by_dataset.items():
        if len(by_network) < 2:
            continue
        if len({each.origin.ids for each in by_network.values()}) > 1:
            raise FoiError(f"features of {name} by several networks are of different images")
        points = embedding.embed(
            {network: each.vectors for network, each in by_network.items()}, metric="cosine"
        )
        title = f"t-SNE of the same images of {name} by several networks"
        _draw(points, {}, title, epath.Path(directory) / f"embedding-{name}")


def write_agreement(
    chains: pd.DataFrame, distances: pd.DataFrame, directory: epath.PathLike
) -> pd.DataFrame:
    """Writes how gains of segmentation follow distances, size and domain, as Table 10.

    The directory gets `agreement.csv` over all pairs of each setting and network, and
    `agreement-by-target.csv` over the sources of each target.

    Args:
      chains: as `foi_tf.analysis.measures.gains.mean_gains` returns them.
      distances: as `distance.distances` returns them.
      directory: the directory to write to.

    Returns:
      `summary.STUDY` and the columns of `correlation.tau_over_all`; empty, and nothing is written,
      if no chain of segmentation has a gain.

    Raises:
      FoiError: chains of segmentation have gains, but none of them has a known distance. A setting
        and network without a known distance is left out if others have some.
    """
    own = chains[(chains.target_type == SEGMENTATION) & (chains.source_type == SEGMENTATION)]
    overall, by_target, failed = [], [], []
    for study, part in own[own.gain.notna()].groupby(STUDY):
        try:
            pairs = correlation.join_factors(part, distances)
        except FoiError as error:
            failed.append(error)
            continue
        names = correlation.list_factors(pairs)
        labels = dict(zip(STUDY, study, strict=True))
        overall.append(correlation.tau_over_all(pairs, names).assign(**labels))
        by_target.append(correlation.tau_by_target(pairs, names).assign(**labels))
    if not overall:
        if failed:
            raise failed[0]
        return pd.DataFrame()
    for found, name in ((overall, "agreement"), (by_target, "agreement-by-target")):
        table = pd.concat(found, ignore_index=True)
        table = table[[*STUDY, *(c for c in table if c not in STUDY)]]
        _write_csv(table, epath.Path(directory) / f"{name}.csv")
    return pd.concat(overall, ignore_index=True)


def _draw(points: pd.DataFrame, domains: Mapping[str, str], title: str, path: epath.Path) -> None:
    """Writes the points of an embedding as CSV and as figures; `path` has no suffix."""
    _write_csv(points, path.parent / f"{path.name}.csv")
    for suffix in scatter.FORMATS:
        scatter.draw_embedding(points, domains, title, path.parent / f"{path.name}.{suffix}")


def _write_csv(table: pd.DataFrame, path: epath.Path) -> None:
    """Writes a frame as CSV without its index."""
    files.write_text(path, table.to_csv(index=False, lineterminator="\n"))
