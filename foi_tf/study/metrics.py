"""The metrics that results are measured in (Appendix C); the last is of self-supervision (ours)."""

import dataclasses
import types

from foi_tf.errors import unknown_name_error


@dataclasses.dataclass(frozen=True)
class Metric:
    """How to print and compare one metric; values are fractions in [0, 1] but for RMSE."""

    label: str
    higher_is_better: bool = True


METRICS = types.MappingProxyType(
    {
        "miou": Metric("mIoU"),
        "map": Metric("mAP"),
        "ap50": Metric("AP50"),
        "oks_ap50": Metric("AP at 0.5 OKS"),
        "rmse": Metric("RMSE, m", higher_is_better=False),
        "top1": Metric("top-1 accuracy"),
        "contrastive_accuracy": Metric("contrastive accuracy"),
    }
)


def get_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
      FoiError: there is none.
    """
    if name not in METRICS:
        raise unknown_name_error("metric", name, METRICS)
    return METRICS[name]


def higher_is_better(name: str) -> bool:
    """Whether a larger value is a better model.

    Raises:
      FoiError: there is no such metric.
    """
    return get_metric(name).higher_is_better
