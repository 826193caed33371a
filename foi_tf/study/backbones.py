"""Registers the backbones: their architecture, variant and cost, without TensorFlow.

A new variant of a known architecture is one row here. A new architecture also needs a function
in `models.backbones.ARCHITECTURES`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

HRNET, RESNET = "hrnet", "resnet"
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
    """

    architecture: str
    giga_operations: float
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    in_timm: bool = False

    @property
    def fusion(self) -> str:
        """Names the way in which an HRNetV2 fuses its branches."""
        return self.options.get("fusion", NEAREST)


BACKBONES = {
    "hrnet_w48": Backbone(  # The paper's.
        architecture=HRNET, options={"width": 48}, giga_operations=17.36, in_timm=True
    ),
    "hrnet_w32": Backbone(
        architecture=HRNET, options={"width": 32}, giga_operations=8.99, in_timm=True
    ),
    "hrnet_w18": Backbone(
        architecture=HRNET, options={"width": 18}, giga_operations=4.33, in_timm=True
    ),
    # The authors' segmentation networks have the same weights, but fuse branches bilinearly. Their
    # networks with object-contextual representations (OCR) align the corners of branches.
    "hrnet_w18_bilinear": Backbone(
        architecture=HRNET, options={"width": 18, "fusion": BILINEAR}, giga_operations=4.33
    ),
    "hrnet_w48_bilinear": Backbone(
        architecture=HRNET, options={"width": 48, "fusion": BILINEAR}, giga_operations=17.36
    ),
    "hrnet_w48_aligned": Backbone(
        architecture=HRNET, options={"width": 48, "fusion": ALIGNED}, giga_operations=17.36
    ),
    # Ours, for trials on a CPU: the same topology, small enough to train in minutes. The number
    # of operations is our count, of the backbone alone.
    "hrnet_mini": Backbone(
        architecture=HRNET,
        options={"width": 16, "modules": (1, 1, 1), "blocks": 1, "bottlenecks": 1, "stem": 16},
        giga_operations=0.25,
    ),
    # For the additional scenarios (Section 7, Appendix B); operations from He et al., Table 1.
    "resnet50": Backbone(architecture=RESNET, giga_operations=3.8),
}
