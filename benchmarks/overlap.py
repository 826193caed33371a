"""Measures the search for near duplicates: seconds, and the share of planted ones that it finds.

    python benchmarks/overlap.py [images of each side, 100000 by default]

The images are noise with the spectrum of photographs: low frequencies, of which the hashes are
made, dominate. In the second side, 1,000 duplicates are planted: images of the first side that
were cropped, mirrored, coarsened, or all of these.
"""

import resource
import sys
import time

import cv2
import numpy as np

from foi_tf.data.inspect import overlap
from foi_tf.data.inspect.overlap import ImagePrints
from foi_tf.data.inspect.overlap.hashes import SIDE, hash_images

DRAWN, PLANTED = 4 * SIDE, 1000


def make_noise(count: int, seed: int) -> np.ndarray:
    """Returns gray pictures of noise: uint8 [count, SIDE, SIDE]."""
    rng = np.random.default_rng(seed)
    found = np.empty((count, SIDE, SIDE), np.uint8)
    for start in range(0, count, 1000):
        found[start : start + 1000] = _draw_spectrum(rng, min(1000, count - start), SIDE)
    return found


def _draw_spectrum(rng: np.random.Generator, count: int, side: int) -> np.ndarray:
    frequency = np.hypot(*np.meshgrid(np.fft.rfftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((count, side, side), np.float32))
    shaded = np.fft.irfft2(white / frequency**1.2, (side, side))
    scale = shaded.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 45 * shaded / scale, 0, 255).astype(np.uint8)


def change_image(rng: np.random.Generator, image: np.ndarray, kind: str) -> np.ndarray:
    """Changes a large image in the way of `kind`; returns it as a small gray picture."""
    if kind in ("cropped", "all"):
        sides = [round(DRAWN * rng.uniform(0.75, 1)) for _ in range(2)]
        y, x = (int(rng.integers(0, DRAWN - side + 1)) for side in sides)
        image = image[y : y + sides[0], x : x + sides[1]]
    if kind in ("mirrored", "all"):
        image = image[:, ::-1]
    if kind in ("coarse", "all"):
        data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 25))[1]
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def main() -> None:
    """Plants duplicates, searches for them, and prints seconds and shares."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    gray = make_noise(count, 0), make_noise(count, 1)
    rng = np.random.default_rng(2)
    kinds = ("cropped", "mirrored", "coarse", "all")
    planted_count = min(PLANTED, count)
    for index in range(planted_count):
        (image,) = _draw_spectrum(rng, 1, DRAWN)
        gray[0][index] = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        gray[1][index] = change_image(rng, image, kinds[index % len(kinds)])
    sides = [
        ImagePrints(
            None,
            [("train", str(i)) for i in range(count)],
            [bytes([side]) + i.to_bytes(8, "big") for i in range(count)],
            gray[side],
        )
        for side in (0, 1)
    ]
    start = time.perf_counter()
    hash_images(gray[0])
    hashed = time.perf_counter()
    pairs = overlap.find_duplicates(*sides)
    done = time.perf_counter()
    found = {pair.a for pair in pairs if pair.a == pair.b < planted_count}
    print(
        f"{count} x {count}: hashing one side {hashed - start:.0f} s, "
        f"all of the search {done - hashed:.0f} s, "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB"
    )
    for index, kind in enumerate(kinds):
        planted = range(index, planted_count, len(kinds))
        print(f"{kind:9} {sum(i in found for i in planted)} of {len(planted)} found")
    print(f"wrong     {len(pairs) - len(found)} pairs")


if __name__ == "__main__":
    main()
