"""Registers the backbones: their architecture, variant and cost, without TensorFlow.

A new variant of a known architecture is one row here. A new architecture also needs a function
in `models.backbones.ARCHITECTURES`. `models.backbones.register_backbone` adds both from outside.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.dataset import Channels, Dataset
from foi_tf.study.keras_applications import KERAS_APPLICATIONS
from foi_tf.study.network_size import NetworkSize

HRNET, RESNET, EFFICIENTNET_LITE = "hrnet", "resnet", "efficientnet_lite"
KERAS = "keras"  # A network of tf.keras.applications, also the prefix of its name: "keras:NAME".
# How HRNetV2 fuses its branches; see `models.hrnet.hrnet_v2`.
NEAREST, BILINEAR, ALIGNED = "nearest", "bilinear", "aligned"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backbone:
    """Holds the facts about one backbone.

    Attributes:
      architecture: key of `models.backbones.ARCHITECTURES`.
      giga_operations: 10**9 multiply-adds for an image of 224 x 224 pixels. Numbers are those
        of the publishers' classification models, unless a comment says otherwise.
      options: arguments of the architecture's function that make the variant.
      in_timm: whether timm has this network, so that it can load exported weights.
      size: what its memory is estimated from; None if it is not known.
      statistics: mean and standard deviation of the channels, in [0, 1], by which its pixels are
        always normalized; None takes those of the dataset at hand (section 4.1).
    """

    architecture: str
    giga_operations: float
    size: NetworkSize | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    in_timm: bool = False
    statistics: tuple[Channels, Channels] | None = None

    @property
    def fusion(self) -> str:
        """Names the way in which an HRNetV2 fuses its branches."""
        return self.options.get("fusion", NEAREST)


# EfficientNet-Lite's code takes (pixel - 127) / 128.
_LITE_STATISTICS = (127 / 255,) * 3, (128 / 255,) * 3

_W18, _W48 = NetworkSize(9_562_260, 560.0, 270, 141.6), NetworkSize(65_325_120, 1080.0, 720, 231.2)
_W18_BILINEAR = dataclasses.replace(_W18, kept=564.0, rematerialized=142.7)
_W48_BILINEAR = dataclasses.replace(_W48, kept=1090.7, rematerialized=231.8)

BACKBONES = {
    "hrnet_w48": Backbone(  # The paper's.
        architecture=HRNET, options={"width": 48}, giga_operations=17.36, size=_W48, in_timm=True
    ),
    "hrnet_w32": Backbone(
        architecture=HRNET,
        options={"width": 32},
        giga_operations=8.99,
        size=NetworkSize(29_305_536, 802.5, 480, 184.0),
        in_timm=True,
    ),
    "hrnet_w18": Backbone(
        architecture=HRNET, options={"width": 18}, giga_operations=4.33, size=_W18, in_timm=True
    ),
    # The authors' segmentation networks have the same weights, but fuse branches bilinearly. Their
    # networks with object-contextual representations (OCR) align the corners of branches.
    "hrnet_w18_bilinear": Backbone(
        architecture=HRNET,
        options={"width": 18, "fusion": BILINEAR},
        giga_operations=4.33,
        size=_W18_BILINEAR,
    ),
    "hrnet_w48_bilinear": Backbone(
        architecture=HRNET,
        options={"width": 48, "fusion": BILINEAR},
        giga_operations=17.36,
        size=_W48_BILINEAR,
    ),
    "hrnet_w48_aligned": Backbone(
        architecture=HRNET,
        options={"width": 48, "fusion": ALIGNED},
        giga_operations=17.36,
        size=_W48_BILINEAR,
    ),
    # Ours, for trials on a CPU: the same topology, small enough to train in minutes. The number
    # of operations is our count, of the backbone alone.
    "hrnet_mini": Backbone(
        architecture=HRNET,
        options={"width": 16, "modules": (1, 1, 1), "blocks": 1, "bottlenecks": 1, "stem": 16},
        giga_operations=0.25,
        size=NetworkSize(881_872, 76.4, 240, 42.1),
    ),
    # For the additional scenarios (Section 7, Appendix B); operations from He et al., Table 1.
    "resnet50": Backbone(
        architecture=RESNET, giga_operations=3.8, size=NetworkSize(23_508_032, 545.0, 2048, 265.0)
    ),
    # Networks whose ImageNet weights need no hub. Numbers of operations
    # are our counts, of the backbone alone.
    "efficientnet_lite0": Backbone(
        architecture=EFFICIENTNET_LITE,
        giga_operations=0.36,
        size=NetworkSize(2_958_848, 297.1, 496, 102.4),
        statistics=_LITE_STATISTICS,
    ),
    "efficientnet_lite1": Backbone(
        architecture=EFFICIENTNET_LITE,
        options={"depth": 1.1},
        giga_operations=0.48,
        size=NetworkSize(3_723_520, 376.7, 496, 104.9),
        statistics=_LITE_STATISTICS,
    ),
    "efficientnet_lite2": Backbone(
        architecture=EFFICIENTNET_LITE,
        options={"width": 1.1, "depth": 1.2},
        giga_operations=0.55,
        size=NetworkSize(4_357_952, 396.6, 544, 103.5),
        statistics=_LITE_STATISTICS,
    ),
}


def find_backbone(name: str) -> Backbone:
    """Finds a backbone by name: of `BACKBONES`, or "keras:NAME" of `KERAS_APPLICATIONS`.

    Raises:
      FoiError: there is none of this name.
    """
    prefix, _, application = name.partition(":")
    if prefix == KERAS and application in KERAS_APPLICATIONS:
        giga_operations, size = KERAS_APPLICATIONS[application]
        return Backbone(
            architecture=KERAS,
            options={"application": application},
            giga_operations=giga_operations,
            size=size,
            statistics=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),  # The network prepares pixels itself.
        )
    if name not in BACKBONES:
        raise unknown_name_error("backbone", name, list_names())
    return BACKBONES[name]


def list_names() -> list[str]:
    """Lists the names of all backbones."""
    return [*BACKBONES, *(f"{KERAS}:{name}" for name in KERAS_APPLICATIONS)]


def choose_statistics(backbone: str, dataset: Dataset) -> tuple[Channels, Channels]:
    """Returns mean and standard deviation that normalize a dataset's images in training.

    Raises:
      FoiError: neither backbone nor dataset has any.
    """
    if own := find_backbone(backbone).statistics:
        return own
    if dataset.mean is None or dataset.std is None:
        raise FoiError(f"{dataset.id}: has no statistics of its pixels; prepare it again")
    return dataset.mean, dataset.std
