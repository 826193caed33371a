"""Writes weights, inputs and outputs of PyTorch + timm, for parity.py.

parity.py starts it as a worker, with an interpreter that needs only torch, timm and
safetensors:
  python benchmarks/torch_reference.py WIDTH DIRECTORY HEIGHTxWIDTH...
Weights are random, batch norm's included. It writes weights.safetensors, weights.pth,
HEIGHTxWIDTH.npz for each size, and statistics.npz: batch norm's statistics after a step in
training mode at the first size.
"""

import pathlib
import sys

import numpy as np
import safetensors.torch
import timm
import torch
from torch.nn import functional as F

BATCH = 2


class CroppingUpsample(torch.nn.Module):
    """Upsamples to the nearest pixel, to at most the size of the finer branch.

    timm adds branches without cropping. It stops with an error where rounding up made a coarse
    branch too large, which happens for all sizes but those next below a multiple of 32.
    """

    def __init__(self, factor: int, size: list):
        super().__init__()
        self.factor, self.size = factor, size

    def forward(self, x):
        height, width = self.size[0]
        return F.interpolate(x, scale_factor=self.factor, mode="nearest")[..., :height, :width]


def crop_where_branches_meet(model) -> None:
    """Changes the reference so that it takes any size."""
    for stage in (model.stage2, model.stage3, model.stage4):
        for module in stage:
            sizes = [[None] for _ in module.fuse_layers]
            for i, row in enumerate(module.fuse_layers):
                for j in range(i + 1, len(row)):
                    row[j][2] = CroppingUpsample(2 ** (j - i), sizes[i])
            module.branches[0].register_forward_pre_hook(note_sizes(sizes))


def note_sizes(sizes: list):
    """Returns a hook that notes the sizes of the branches before they are summed."""

    def hook(_, inputs):
        height, width = inputs[0].shape[2:]
        for size in sizes:
            size[0] = (height, width)
            height, width = -(-height // 2), -(-width // 2)

    return hook


def features(model, images):
    """Computes the concatenated branches, as our backbone does."""
    x = model.act1(model.bn1(model.conv1(images)))
    x = model.act2(model.bn2(model.conv2(x)))
    first, *others = model.stages(x)
    height, width = first.shape[2:]
    raised = [
        F.interpolate(x, scale_factor=2 ** (i + 1), mode="bilinear", align_corners=False)
        for i, x in enumerate(others)
    ]
    return torch.cat([first, *(x[..., :height, :width] for x in raised)], dim=1)


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
            crop_where_branches_meet(model)
            found, logits, cropped = features(model, images), model(images), True
        np.savez(
            place / f"{size}.npz",
            images=images.permute(0, 2, 3, 1),
            features=found.permute(0, 2, 3, 1),
            logits=logits,
            cropped=cropped,
        )
    images = torch.from_numpy(np.load(place / f"{sizes[0]}.npz")["images"]).permute(0, 3, 1, 2)
    model.train()(images)
    statistics = {n: v for n, v in model.state_dict().items() if ".running_" in f".{n}"}
    np.savez(place / "statistics.npz", **statistics)


if __name__ == "__main__":
    main(*sys.argv[1:])
