"""Times inference of the same network in PyTorch with timm; prints the seconds as JSON.

inference.py starts it as a worker, with an interpreter that needs only these two:
  python benchmarks/torch_inference.py BACKBONE SIZE float32|bfloat16 CALLS
Images and weights are channels-last, which is PyTorch's fastest layout on a CPU. bfloat16 is
autocast.
"""

import json
import sys
import time

import torch
import torch_step

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WARM_UP = 4


@torch.inference_mode()
def main(backbone: str, side: str, precision: str, calls: str):
    torch.manual_seed(0)
    model = torch_step.Segmenter(backbone).eval().to(memory_format=torch.channels_last)
    shape = (torch_step.BATCH, 3, int(side), int(side))
    pixels = torch.randint(256, shape, dtype=torch.uint8)
    pixels = pixels.to(memory_format=torch.channels_last)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    seconds = []
    for _ in range(WARM_UP + int(calls)):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            images = (pixels.float() / 255 - mean) / std
            model(images).argmax(1)
        seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds[WARM_UP:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
