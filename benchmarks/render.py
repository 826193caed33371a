"""Images/s of the rendered collection on one core, against JPEG encode + decode of the same.

    python benchmarks/render.py [images per dataset]

A ratio above 1 means that drawing an image with all its annotations is quicker than
writing it to a JPEG and reading it back.
"""

import sys
import time
from collections.abc import Callable, Sequence

import cv2

from foi_tf.miniworld import DATASETS, render


def rate(work: Callable, items: Sequence) -> float:
    """Items a second of CPU time, so that other processes do not count."""
    start = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - start)


def jpeg(image) -> None:
    """The peer: one round trip through OpenCV's JPEG at its default quality."""
    _, data = cv2.imencode(".jpg", image)
    cv2.imdecode(data, cv2.IMREAD_COLOR)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    cv2.setNumThreads(1)
    seconds, peer_seconds = 0.0, 0.0
    print(f"{'dataset':10} {'domain':11} {'size':>8} {'render/s':>9} {'jpeg/s':>9} {'ratio':>6}")
    for row in DATASETS.values():
        render(row.id, "train", 0)
        own = rate(lambda index, row=row: render(row.id, "train", index), range(count))
        images = [render(row.id, "train", index)["image"] for index in range(min(count, 20))]
        peer = rate(jpeg, images * 5)
        seconds, peer_seconds = seconds + 1 / own, peer_seconds + 1 / peer
        size = f"{row.crop[0]}x{row.crop[1]}"
        print(f"{row.id:10} {row.domain:11} {size:>8} {own:9.0f} {peer:9.0f} {own / peer:6.2f}")
    own, peer = len(DATASETS) / seconds, len(DATASETS) / peer_seconds
    print(f"{'overall':31} {own:9.0f} {peer:9.0f} {own / peer:6.2f}")


if __name__ == "__main__":
    main()
