"""Writes features and logits of PyTorch's EfficientNet-Lite, for efficientnet_lite.py.

That starts it as a worker, with an interpreter that needs only torch and efficientnet-lite-pytorch:
  python benchmarks/efficientnet_lite_reference.py VARIANT WEIGHTS DIRECTORY HEIGHTxWIDTH...
"""

import sys

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from efficientnet_lite_pytorch.utils import get_model_params
from torch.nn import functional as F


def main(variant: str, weights: str, directory: str, *sizes: str) -> None:
    """Writes PyTorch's features and logits of random images, as SIZE.npz."""
    # Without an image size the reference pads as TensorFlow does, at any size.
    parameters = get_model_params(f"efficientnet-lite{variant}", {"image_size": None})
    model = EfficientNet(*parameters)
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    model.eval()
    torch.manual_seed(0)
    for size in sizes:
        images = torch.randn(2, 3, *map(int, size.split("x")))
        with torch.no_grad():
            x = model._swish(model._bn0(model._conv_stem(images)))
            last = {}  # The last map of each size, from stride 4 on.
            for block in model._blocks:
                x = block(x)
                last[x.shape[2:]] = x
            _, *maps = last.values()
            maps = [F.interpolate(y, maps[0].shape[2:], mode="bilinear") for y in maps]
            features, logits = torch.cat(maps, 1).permute(0, 2, 3, 1), model(images)
        images = images.permute(0, 2, 3, 1).numpy()
        np.savez(f"{directory}/{size}.npz", images=images, features=features, logits=logits)


if __name__ == "__main__":
    main(*sys.argv[1:])
