"""Lists the metrics of result rows (Appendix C); `contrastive_accuracy` is ours."""

import dataclasses
import types
from collections.abc import Mapping

from foi_tf.errors import unknown_name_error


@dataclasses.dataclass(frozen=True)
class Metric:
    """Describes how to print and compare a metric; values are in [0, 1], except RMSE in meters.

    Attributes:
      label: name of the metric in print.
      higher_is_better: whether a larger value is a better model.
      least: value below which the ratio of two values means nothing.
    """

    label: str
    higher_is_better: bool = True
    least: float = 0.0


# Prefix of secondary metrics: the named metric of the best constant prediction on the same images.
CONSTANT = "constant_"
LEAST_PRECISION = 0.01  # Average precision whose ratio means something; ours.


METRICS = types.MappingProxyType(
    {
        "miou": Metric("mIoU"),
        "map": Metric("mAP", least=LEAST_PRECISION),
        "ap50": Metric("AP50", least=LEAST_PRECISION),
        "oks_ap50": Metric("AP at 0.5 OKS", least=LEAST_PRECISION),
        "rmse": Metric("RMSE, m", higher_is_better=False),
        "delta1": Metric("δ < 1.25"),  # Stands beside RMSE in rows, and is never the main metric.
        "top1": Metric("top-1 accuracy"),
        "contrastive_accuracy": Metric("contrastive accuracy"),
    }
)
# Metric of each task type; that of detection is AP50 on some datasets (`Dataset.box_metric`).
OF_TASK_TYPE = types.MappingProxyType(
    {
        "segmentation": "miou",
        "detection": "map",
        "keypoints": "oks_ap50",
        "depth": "rmse",
        "classification": "top1",
        "contrastive": "contrastive_accuracy",
    }
)


def name_constants(constants: Mapping[str, float]) -> dict[str, float]:
    """Returns metrics of a constant prediction under the names that rows keep them by.

    Args:
      constants: by the name of the metric, such as {"miou": 0.08}.
    """
    return {CONSTANT + name: value for name, value in constants.items()}


def get_metric(name: str) -> Metric:
    """Returns the metric of a name.

    Raises:
      FoiError: the metric is unknown.
    """
    if name not in METRICS:
        raise unknown_name_error("metric", name, METRICS)
    return METRICS[name]


def unit(name: str) -> float:
    """Returns the unit in which differences of a metric are told: a point, or a meter for RMSE."""
    return 1.0 if name == "rmse" else 0.01


def higher_is_better(name: str) -> bool:
    """Tells whether a larger value of a metric is a better model.

    Raises:
      FoiError: the metric is unknown.
    """
    return get_metric(name).higher_is_better
