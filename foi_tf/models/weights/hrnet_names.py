"""Maps the names of our HRNetV2's layers to those of PyTorch's HRNetV2.

PyTorch's names are those of the authors' repositories (HRNet-Image-Classification,
HRNet-Semantic-Segmentation), which timm keeps as well.
"""

import re
from collections.abc import Iterable

from foi_tf.models.weights.torch_layout import TorchLayout
from foi_tf.study.backbones import ALIGNED, BILINEAR, NEAREST

# Matches the kind of one of our layers.
_KIND = r"(?P<kind>conv|bn)"
_INDEX = {"conv": "0", "bn": "1"}  # Places in PyTorch's Sequential(conv, bn, ...).

_BACKBONE = (
    (rf"stem/{_KIND}(?P<k>\d)", "{kind}{k}"),
    (rf"stage1/block(?P<b>\d+)/{_KIND}(?P<k>\d)", "layer1.{b}.{kind}{k}"),
    (rf"stage1/block(?P<b>\d+)/shortcut_{_KIND}", "layer1.{b}.downsample.{index}"),
    # A branch that a transition adds is inside one more Sequential, which has one entry for each
    # halving of the resolution. There is one halving.
    (rf"transition(?P<s>\d)/branch(?P=s)/{_KIND}", "transition{s}.{s}.0.{index}"),
    (rf"transition(?P<s>\d)/branch(?P<i>\d)/{_KIND}", "transition{s}.{i}.{index}"),
    (
        rf"stage(?P<s>\d)/module(?P<m>\d+)/branch(?P<i>\d)/block(?P<b>\d+)/{_KIND}(?P<k>\d)",
        "stage{s}.{m}.branches.{i}.{b}.{kind}{k}",
    ),
    (
        rf"stage(?P<s>\d)/module(?P<m>\d+)/fuse(?P<i>\d)/from(?P<j>\d)/{_KIND}(?P<k>\d)",
        "stage{s}.{m}.fuse_layers.{i}.{j}.{step}{index}",
    ),
)
_CLASSIFICATION_HEAD = (
    (rf"branch(?P<i>\d)/{_KIND}(?P<k>\d)", "incre_modules.{i}.0.{kind}{k}"),
    (rf"branch(?P<i>\d)/shortcut_{_KIND}", "incre_modules.{i}.0.downsample.{index}"),
    (rf"down(?P<i>\d)/{_KIND}", "downsamp_modules.{previous}.{index}"),
    (rf"final/{_KIND}", "final_layer.{index}"),
    (r"logits", "classifier"),
)

_OF_BACKBONE = re.compile(r"(conv[12]|bn[12]|layer1|transition\d|stage\d)\.")
# Modules beside the backbone that tell which code made the network, and so how it fuses branches.
# The first match counts: our own exports and timm have the classification head.
_FUSION_MARKS = (
    (NEAREST, ("incre_modules.", "downsamp_modules.", "final_layer.", "classifier.")),
    (ALIGNED, ("conv3x3_ocr.", "ocr_distri_head.", "ocr_gather_head.")),  # HRNet with OCR.
    (BILINEAR, ("last_layer.", "decode_head.")),  # HRNet-Semantic-Segmentation; mmsegmentation.
)


def find_fusion(names: Iterable[str]) -> str | None:
    """Finds how a network fuses branches, by the names of its tensors; None for a bare backbone."""
    dotted = [f".{name}" for name in names]
    for fusion, marks in _FUSION_MARKS:
        if any(f".{mark}" in name for mark in marks for name in dotted):
            return fusion
    return None


def backbone_module(layer: str) -> str:
    """Returns the PyTorch module of a layer of `hrnet.hrnet_v2`."""
    return _module(layer, _BACKBONE)


def head_module(layer: str) -> str:
    """Returns the PyTorch module of a layer of `heads.ClassificationHead`."""
    return _module(layer, _CLASSIFICATION_HEAD)


def is_backbone_tensor(key: str) -> bool:
    """Tells whether a tensor of PyTorch's HRNetV2, named without prefix, is in the backbone."""
    return bool(_OF_BACKBONE.match(key))


def _module(layer: str, table: tuple[tuple[str, str], ...]) -> str:
    """Returns the PyTorch module of a layer, by a table of patterns and templates."""
    for pattern, template in table:
        if match := re.fullmatch(pattern, layer):
            fields = match.groupdict()
            i, j = int(fields.get("i") or 0), int(fields.get("j") or 0)
            return template.format(
                **fields,
                index=_INDEX.get(fields.get("kind", "")),
                previous=i - 1,
                # A coarser branch has one convolution, a finer one a Sequential of several.
                step="" if j > i else f"{fields.get('k')}.",
            )
    raise KeyError(layer)


LAYOUT = TorchLayout(
    title="HRNetV2",
    described="timm's HRNetV2, which has no such variant",
    landmark="layer1.0.conv1.weight",
    classifier="classifier.weight",
    backbone_module=backbone_module,
    head_module=head_module,
    is_backbone_tensor=is_backbone_tensor,
)
