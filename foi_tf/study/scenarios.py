"""Defines the additional scenarios of Section 7 and Appendix B, by their changes to the study."""

import dataclasses
from collections.abc import Mapping

from foi_tf.study import grid
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.study.grid import Chain

_SEGMENTATION = ("segmentation", "segmentation")
# Appendix B uses the detection targets of Table 4c "partially". Our reading is that their sources
# have these two types, since Appendix B mentions no other.
_DETECTION = (("detection", "detection"), ("segmentation", "detection"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """Describes the differences between a scenario and the part of the study that it repeats.

    Attributes:
      text: description for tables.
      pairs: (source type, target type) of the chains.
      source: the only source of the chains; None for all tasks of the collection.
      backbone: name of the backbone; "" for any.
      crop: (height, width) of the network's input in pixels, for all datasets; None for their
        own.
      init: whether the user must name the initial weights, because they are not those of the
        supervised pre-training.
    """

    text: str
    pairs: tuple[tuple[str, str], ...] = (_SEGMENTATION,)
    source: Task | None = None
    backbone: str = ""
    crop: Size | None = None
    init: bool = False

    def chains(self, datasets: Mapping[str, Dataset], setting: str) -> list[Chain]:
        """Lists the chains that have a source; the paper's setting is "small"."""
        if self.source is None:
            every = grid.chains(datasets, setting, "all")
            return [one for one in every if (one.source.type, one.target.type) in self.pairs]
        targets = {target for _, target in self.pairs}
        return [
            Chain(self.source, one)
            for one in grid.structured_tasks(datasets)
            if one.type in targets
        ]


SCENARIOS = {
    "fixed_size": Scenario(text="one input size for all datasets", crop=(713, 713)),
    "resnet50": Scenario(
        text="another backbone", pairs=(_SEGMENTATION, *_DETECTION), backbone="resnet50"
    ),
    "self_supervised": Scenario(
        text="self-supervised initial weights", backbone="resnet50", init=True
    ),
    # The paper does not name the backbone; the public weights that it starts from are a ResNet-50.
    "self_supervised_chain": Scenario(
        text="a self-supervised source after self-supervised initial weights",
        source=Task("coco", "contrastive"), backbone="resnet50", init=True,
    ),
}  # fmt: skip
