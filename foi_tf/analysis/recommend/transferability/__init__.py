"""Computes transferability metrics: how well a source model's features tell a target's annotation.

The metrics are from the literature and need no training on the target. A higher value promises a
better source. For dense tasks they are computed over points, which are single cells of feature
maps with the annotation there, as Agostinelli et al. do for segmentation (How stable are
transferability metrics evaluations?, ECCV 2022).
"""

import dataclasses
import types
from collections.abc import Callable

import numpy as np

from foi_tf.analysis.recommend.transferability.geometry import energy, etran, geometric_logme
from foi_tf.analysis.recommend.transferability.leep import leep, nleep
from foi_tf.analysis.recommend.transferability.logme import logme
from foi_tf.analysis.recommend.transferability.separability import gbc, h_score
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.feature_files import Points


@dataclasses.dataclass(frozen=True)
class TransferabilityMetric:
    """Describes a transferability metric.

    Attributes:
      publication: publication that defines the metric.
      function: function from inputs [n, ...], targets [n] and, with `geometry`, the points'
        geometry [n, G] to the value.
      takes: inputs of the function, "vectors" or "probabilities" of `Points`.
      regression: whether targets may be numbers, such as depth, and not only classes.
      geometry: whether the function takes the geometry of the points, too; then all targets
        may be equal.
    """

    publication: str
    function: Callable[..., float]
    takes: str = "vectors"
    regression: bool = False
    geometry: bool = False


METRICS = types.MappingProxyType(
    {
        "leep": TransferabilityMetric("Nguyen et al., ICML 2020", leep, takes="probabilities"),
        "nleep": TransferabilityMetric("Li et al., CVPR 2021", nleep),
        "logme": TransferabilityMetric("You et al., ICML 2021", logme, regression=True),
        "hscore": TransferabilityMetric("Bao et al., ICIP 2019", h_score),
        "gbc": TransferabilityMetric("Pándy et al., CVPR 2022", gbc),
        "glogme": TransferabilityMetric(
            "You et al., ICML 2021, of classes and geometry",
            geometric_logme,
            regression=True,
            geometry=True,
        ),
        "etran": TransferabilityMetric(
            "Gholami et al., ICCV 2023", etran, regression=True, geometry=True
        ),
        "energy": TransferabilityMetric("Gholami et al., ICCV 2023", energy, regression=True),
    }
)


class AlikePointsError(FoiError):
    """Says that the points of a target have nothing to tell apart."""


def score_points(name: str, points: Points, where: str) -> float:
    """Computes one metric over points of a target, by the features of a source model.

    Args:
      name: name of the metric, one of `METRICS`.
      points: points of the target.
      where: description of the points, which starts error messages.

    Raises:
      AlikePointsError: all targets are equal.
      FoiError: the metric is unknown; the points lack its inputs; or their targets are numbers
        where the metric needs classes.
    """
    if name not in METRICS:
        raise unknown_name_error("transferability metric", name, METRICS)
    metric = METRICS[name]
    inputs = getattr(points, metric.takes)
    if inputs is None:
        raise FoiError(
            f"{where}: the points have no probabilities of source classes, which {name} needs; "
            "only links of segmentation sources give them"
        )
    if not np.issubdtype(points.targets.dtype, np.integer) and not metric.regression:
        able = ", ".join(key for key, each in METRICS.items() if each.regression)
        raise FoiError(f"{where}: {name} needs classes, not numbers; {able} take both")
    if metric.geometry:
        return _score_geometry(metric, inputs, points, where)
    if len(np.unique(points.targets)) < 2:
        raise AlikePointsError(
            f"{where}: all points have the same target; take more images or pixels"
        )
    return metric.function(inputs, points.targets)


def _score_geometry(
    metric: TransferabilityMetric, inputs: np.ndarray, points: Points, where: str
) -> float:
    """Computes a metric that takes the geometry of the points."""
    if points.geometry is None:
        raise FoiError(f"{where}: the points have no geometry; make them again with foi-features")
    spread = points.geometry.std(axis=0) if len(points.geometry) else np.zeros(0)
    if len(np.unique(points.targets)) < 2 and not (spread > 0).any():
        raise AlikePointsError(f"{where}: all points are alike; take more images or pixels")
    return metric.function(inputs, points.targets, points.geometry)
