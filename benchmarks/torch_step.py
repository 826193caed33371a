"""Times training steps of the same network in PyTorch with timm; prints one JSON object.

train_step.py starts it as a worker, with an interpreter that needs only these two:
  python benchmarks/torch_step.py BACKBONE SIZE float32|bfloat16 STEPS
bfloat16 is autocast on channels-last images and weights, which is PyTorch's fastest way on a
CPU.
"""

import json
import resource
import sys
import time

import timm
import torch
from torch.nn import functional as F

BATCH, CLASSES, WARM_UP = 2, 20, 2


class Segmenter(torch.nn.Module):
    """Classifies pixels linearly by the four branches, upsampled and concatenated."""

    def __init__(self, backbone: str):
        super().__init__()
        self.body = timm.create_model(
            backbone,
            pretrained=False,
            features_only=True,
            feature_location="",  # Gives the branches themselves, not those of the classifier.
            out_indices=(1, 2, 3, 4),
        )
        self.classify = torch.nn.Conv2d(15 * int(backbone.removeprefix("hrnet_w")), CLASSES, 1)

    def forward(self, images):
        first, *others = self.body(images)
        size = first.shape[2:]
        others = [F.interpolate(x, size, mode="bilinear", align_corners=False) for x in others]
        logits = self.classify(torch.cat([first, *others], dim=1))
        return F.interpolate(logits.float(), scale_factor=4, mode="bilinear", align_corners=False)


def main(backbone: str, side: str, precision: str, steps: str):
    size = (int(side), int(side))
    torch.manual_seed(0)
    model = Segmenter(backbone).train()
    images = torch.randn(BATCH, 3, *size)
    labels = torch.randint(CLASSES, (BATCH, *size))
    if precision == "bfloat16":
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    started = time.perf_counter()
    step()
    first = time.perf_counter() - started
    seconds = []
    for _ in range(WARM_UP + int(steps)):
        before = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB.
    print(json.dumps({"first": first, "seconds": seconds[WARM_UP:], "peak_bytes": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
