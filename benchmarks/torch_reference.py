"""Writes weights, inputs and outputs of PyTorch + timm, for parity.py.

parity.py starts it as a worker, with an interpreter that needs only torch, timm and
safetensors:
  python benchmarks/torch_reference.py WIDTH DIRECTORY HEIGHTxWIDTH...
Weights are random, batch norm's included. It writes weights.safetensors, weights.pth,
HEIGHTxWIDTH.npz for each size; bilinear.npz and aligned.npz, the features at all sizes with
branches fused as in the authors' segmentation code; and statistics.npz: batch norm's statistics
after a step in training mode at the first size.
"""

import copy
import pathlib
import sys

import numpy as np
import safetensors.torch
import timm
import torch
from torch.nn import functional as F

BATCH = 2


class FittingUpsample(torch.nn.Module):
    """Upsamples to the size of the finer branch: bilinearly, or "nearest" with a crop.

    timm adds branches without cropping. It stops with an error where rounding up made a coarse
    branch too large, which happens for all sizes but those next below a multiple of 32. The
    authors' segmentation code resizes bilinearly to the finer size, "aligned" with OCR.
    """

    def __init__(self, factor: int, size: list, fusion: str):
        super().__init__()
        self.factor, self.size, self.fusion = factor, size, fusion

    def forward(self, x):
        height, width = self.size[0]
        if self.fusion != "nearest":
            return resize(x, (height, width), self.fusion)
        return F.interpolate(x, scale_factor=self.factor, mode="nearest")[..., :height, :width]


def resize(x, size, fusion: str):
    """Resizes bilinearly; the corners of "aligned" coincide."""
    return F.interpolate(x, size, mode="bilinear", align_corners=fusion == "aligned")


def fit_where_branches_meet(model, fusion: str) -> None:
    """Changes the reference so that it takes any size, and fuses branches as told."""
    for stage in (model.stage2, model.stage3, model.stage4):
        for module in stage:
            sizes = [[None] for _ in module.fuse_layers]
            for i, row in enumerate(module.fuse_layers):
                for j in range(i + 1, len(row)):
                    row[j][2] = FittingUpsample(2 ** (j - i), sizes[i], fusion)
            module.branches[0].register_forward_pre_hook(note_sizes(sizes))


def note_sizes(sizes: list):
    """Returns a hook that notes the sizes of the branches before they are summed."""

    def hook(_, inputs):
        height, width = inputs[0].shape[2:]
        for size in sizes:
            size[0] = (height, width)
            height, width = -(-height // 2), -(-width // 2)

    return hook


def features(model, images, fusion: str = "nearest"):
    """Computes the concatenated branches, as our backbone does."""
    x = model.act1(model.bn1(model.conv1(images)))
    x = model.act2(model.bn2(model.conv2(x)))
    first, *others = model.stages(x)
    return torch.cat([first, *(resize(x, first.shape[2:], fusion) for x in others)], dim=1)


def load_images(place: pathlib.Path, size: str):
    """Loads the images of a size, as [B, 3, H, W]."""
    return torch.from_numpy(np.load(place / f"{size}.npz")["images"]).permute(0, 3, 1, 2)


def randomize(model) -> None:
    """Gives random values to batch norm, which would otherwise do nothing."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 1.5)


@torch.no_grad()
def main(width: str, directory: str, *sizes: str):
    torch.manual_seed(int(width))
    place = pathlib.Path(directory)
    model = timm.create_model(f"hrnet_w{width}", pretrained=False).eval()
    randomize(model)
    safetensors.torch.save_file(model.state_dict(), place / "weights.safetensors")
    torch.save(model.state_dict(), place / "weights.pth")
    for size in sizes:
        height, side = map(int, size.split("x"))
        images = torch.randn(BATCH, 3, height, side)
        try:
            found, logits, cropped = features(model, images), model(images), False
        except RuntimeError:
            fit_where_branches_meet(model, "nearest")
            found, logits, cropped = features(model, images), model(images), True
        np.savez(
            place / f"{size}.npz",
            images=images.permute(0, 2, 3, 1),
            features=found.permute(0, 2, 3, 1),
            logits=logits,
            cropped=cropped,
        )
    for fusion in ("bilinear", "aligned"):
        changed = copy.deepcopy(model)
        fit_where_branches_meet(changed, fusion)
        found = {
            size: features(changed, load_images(place, size), fusion).permute(0, 2, 3, 1)
            for size in sizes
        }
        np.savez(place / f"{fusion}.npz", **found)
    images = load_images(place, sizes[0])
    model.train()(images)
    statistics = {n: v for n, v in model.state_dict().items() if ".running_" in f".{n}"}
    np.savez(place / "statistics.npz", **statistics)


if __name__ == "__main__":
    main(*sys.argv[1:])
