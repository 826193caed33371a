"""The additional scenarios of Section 7 and Appendix B: what each changes of the study."""

import dataclasses
from collections.abc import Mapping

from foi_tf.study import grid
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.study.grid import Chain

_SEGMENTATION = ("segmentation", "segmentation")
# "Partially" the detection targets of Table 4c; that their sources are of these two types is
# our reading of Appendix B, which speaks of no other.
_DETECTION = (("detection", "detection"), ("segmentation", "detection"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """What differs from the study that it repeats a part of.

    Attributes:
      text: what it is, for people.
      pairs: the (source type, target type) of its chains.
      source: the one source that it tries, where that is no other task of the collection.
      backbone: the one that it has instead; "" for any.
      crop: input size of all datasets; None for their own.
      init: whether its initial weights are other than the supervised pre-training, so that
        they have to be given.
    """

    text: str
    pairs: tuple[tuple[str, str], ...] = (_SEGMENTATION,)
    source: Task | None = None
    backbone: str = ""
    crop: Size | None = None
    init: bool = False

    def chains(self, datasets: Mapping[str, Dataset], setting: str) -> list[Chain]:
        """Its chains with a source; the paper's setting is "small"."""
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
    # The paper does not say on which backbone; the public weights that it starts from are these.
    "self_supervised_chain": Scenario(
        text="a self-supervised source after self-supervised initial weights",
        source=Task("coco", "contrastive"), backbone="resnet50", init=True,
    ),
}  # fmt: skip
