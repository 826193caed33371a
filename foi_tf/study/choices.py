"""Lists the names that flags accept, without importing large libraries."""

import dataclasses
import re
from collections.abc import Callable
from typing import Literal

STRATEGIES = ("auto", "cpu", "mirrored", "multi_worker", "tpu")
# Ways to choose a learning rate, see `chains.lr_selection`.
SELECTIONS = ("none", "validation", "holdout")
# Numbers of training images, see `study.grid`.
SETTINGS = ("small", "full", "small_source")
# Beside these, "images25" has 25 target images and all of a source's: see `count_target_images`.
_LIMITED_TARGET = re.compile(r"images([1-9]\d*)")
# Formats of own data, see `data.convert.readers`.
FORMATS = ("coco", "coco_masks", "voc", "yolo", "yolo_masks", "labelme", "labelme_masks", "cvat",
           "cvat_masks", "masks", "binary_masks", "depth", "folders")  # fmt: skip
EXPORTS = ("saved_model", "safetensors")  # Formats of foi-weights export.
ILSVRC_CLASSES = 1000  # Classes of the classification head of public weights.
# Rules of `analysis.recommend` that rank sources; those of the last line need points of the target.
FITTED = "fitted"
RANKINGS = ("advice", "inclusion", "domain", "size", "coco", FITTED,
            "leep", "nleep", "logme", "hscore", "gbc", "glogme", "etran", "energy")  # fmt: skip
# Rules that follow the outcomes of foi-probe: the metric, and the loss on validation images.
PROBE, PROBE_LOSS = "probe", "probe_loss"
# Keras' names of the mixed-precision policies, by precision.
PRECISIONS = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",  # With loss scaling.
}
EXPORT_PRECISIONS = ("bfloat16", "float32")  # For foi-weights export.

# Readings of "one side matches the input resolution" (section 4.1), see
# `data.input.views.fit_whole_image`.
Fit = Literal["inside", "cover"]

# Maps that the head of segmentation upsamples, see `models.heads.SegmentationHead`.
Upsample = Literal["probabilities", "logits"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """Controls the course of a run, which is no part of its links.

    Attributes:
      steps_per_loop: training steps that the device runs before the host regains control;
        the run reacts to SIGTERM only then.
      checkpoint_every: training steps between two checkpoints.
      wait: whether the run waits for a link that another worker is training.
      watch: is called after each loop with the steps done and all steps of the link; what it
        raises ends the run.
      deterministic: whether operations add up in a fixed order, so that the same link ends with
        the same weights on the same machine, bit for bit.
    """

    steps_per_loop: int = 50
    checkpoint_every: int = 500
    wait: bool = True
    watch: Callable[[int, int], None] | None = None
    deterministic: bool = True


# That of comparisons, where the time of first steps must be known early; ours.
COMPARISON_PACE = Pace(steps_per_loop=10)


def count_target_images(setting: str) -> int | None:
    """Returns the number of target images of a setting such as "images25"; None for others."""
    found = _LIMITED_TARGET.fullmatch(setting)
    return int(found[1]) if found else None


def is_setting(name: str) -> bool:
    """Tells whether rows may have a setting of this name."""
    return name in SETTINGS or count_target_images(name) is not None
