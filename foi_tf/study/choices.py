"""What can be chosen on the command line, by name; told without starting large libraries."""

import dataclasses

# Of models.backbones.
BACKBONES = ("hrnet_mini", "hrnet_w18", "hrnet_w32", "hrnet_w48", "resnet50")
STRATEGIES = ("cpu", "mirrored", "multi_worker", "tpu")
SELECTIONS = ("none", "validation", "holdout")  # Of learning rates; see training.selection.
FORMATS = ("coco", "voc", "yolo", "masks", "depth", "folders")  # Of data.readers.
EXPORTS = ("saved_model", "safetensors")  # Formats of foi-weights export.
ILSVRC_CLASSES = 1000  # Of the classification head of public weights.
# What sources are ranked by, of analysis.recommend; the last need points of the target.
FITTED = "fitted"
RANKINGS = ("advice", "inclusion", "domain", "size", "coco", FITTED,
            "leep", "nleep", "logme", "hscore", "gbc")  # fmt: skip
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # To Keras' names of policies.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """How a run goes along; none of it changes what it arrives at.

    Attributes:
      steps_per_loop: steps that run on the device between two looks at it; SIGTERM is
        heeded at such a look.
      checkpoint_every: steps between two checkpoints.
      wait: whether to wait for a link that another worker is training.
    """

    steps_per_loop: int = 50
    checkpoint_every: int = 500
    wait: bool = True
