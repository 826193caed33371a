"""How well a source model's features already tell a target's annotation apart.

The transferability metrics of the literature, which need no training on the target; the
higher, the better a source should be. For dense tasks they are computed over points, single
cells of feature maps with the annotation there, as Agostinelli et al. do for segmentation
(How stable are transferability metrics evaluations?, ECCV 2022).
"""

import dataclasses
import types
from collections.abc import Callable

import numpy as np

from foi_tf.analysis.recommend.transferability.leep import leep, nleep
from foi_tf.analysis.recommend.transferability.logme import logme
from foi_tf.analysis.recommend.transferability.separability import gbc, h_score
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.feature_files import Points


@dataclasses.dataclass(frozen=True)
class TransferabilityMetric:
    """One of the metrics.

    Attributes:
      publication: where it comes from.
      function: of inputs [n, ...] and targets [n].
      takes: its inputs, "vectors" or "probabilities" of `Points`.
      regression: whether targets may be numbers, as depth, rather than classes.
    """

    publication: str
    function: Callable[[np.ndarray, np.ndarray], float]
    takes: str = "vectors"
    regression: bool = False


METRICS = types.MappingProxyType(
    {
        "leep": TransferabilityMetric("Nguyen et al., ICML 2020", leep, takes="probabilities"),
        "nleep": TransferabilityMetric("Li et al., CVPR 2021", nleep),
        "logme": TransferabilityMetric("You et al., ICML 2021", logme, regression=True),
        "hscore": TransferabilityMetric("Bao et al., ICIP 2019", h_score),
        "gbc": TransferabilityMetric("Pándy et al., CVPR 2022", gbc),
    }
)


def score_points(name: str, points: Points, where: str) -> float:
    """One metric over the points of a target, by the features of a source model.

    Args:
      name: one of `METRICS`.
      where: what the points are of, for errors.

    Raises:
      FoiError: there is no such metric; the points lack what it takes; or their targets are
        all the same, or of another kind.
    """
    if name not in METRICS:
        raise unknown_name_error("transferability metric", name, METRICS)
    metric = METRICS[name]
    inputs = getattr(points, metric.takes)
    if inputs is None:
        raise FoiError(
            f"{where}: no probabilities of source classes, which {name} needs; "
            "only the links of segmentation sources give them"
        )
    if not np.issubdtype(points.targets.dtype, np.integer) and not metric.regression:
        able = ", ".join(key for key, each in METRICS.items() if each.regression)
        raise FoiError(f"{where}: {name} needs classes, not numbers; {able} takes both")
    if len(np.unique(points.targets)) < 2:
        raise FoiError(f"{where}: all points have the same target; take more images or pixels")
    return metric.function(inputs, points.targets)
