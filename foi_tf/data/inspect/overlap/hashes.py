"""Computes perceptual hashes of an image and of windows in it, from a small gray picture.

A hash holds the signs of the 64 lowest frequencies of a window's cosine transform, without
the constant. Unlike in the common DCT hash, values are compared with zero instead of the
median. So mirroring an image flips the bits of odd horizontal frequencies and no others, and
searching for mirrored images costs nothing.
"""

import dataclasses
import itertools

import numpy as np

SIDE = 64  # Side of the gray pictures, in pixels.
CHUNKS, CHUNK_BITS = 4, 16  # A hash is looked up by each of its chunks.
PROBES = 8  # Keys under which one chunk of a query is looked up.
# Lengths of windows and the distance between them, in shares of a side. All ours.
_LENGTHS, _STEP = (1.0, 0.925, 0.85, 0.775, 0.7), 0.075
_FREQUENCIES = 10
# Contrast in gray levels below which the signs of a window are noise; ours.
_CONTRAST = 4.0


def _make_intervals() -> tuple[tuple[float, float], ...]:
    found = []
    for length in _LENGTHS:
        for step in range(round((1 - length) / _STEP) + 1):
            found.append((step * _STEP, step * _STEP + length))
    return tuple(found)


INTERVALS = _make_intervals()  # (start, end) as shares of a side.
# (ymin, xmin, ymax, xmax) as shares of the image; the first one is the whole image.
WINDOWS = tuple((y[0], x[0], y[1], x[1]) for y, x in itertools.product(INTERVALS, INTERVALS))


def _assign_frequencies() -> np.ndarray:
    """Returns the (vertical, horizontal) frequency of each bit: int [64, 2].

    Low frequencies tell most and differ least, so they are dealt to the chunks in turn.
    """
    every = itertools.product(range(_FREQUENCIES), repeat=2)
    ranked = sorted(every, key=lambda f: (f[0] ** 2 + f[1] ** 2, f))[1 : CHUNKS * CHUNK_BITS + 1]
    return np.asarray([ranked[i::CHUNKS] for i in range(CHUNKS)]).reshape(-1, 2)


_ORDER = _assign_frequencies()
_BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)
MIRROR = np.bitwise_or.reduce(_BIT[_ORDER[:, 1] % 2 == 1])  # Bits that mirroring flips.


def _make_basis() -> np.ndarray:
    """Returns cosines within each interval, 0 outside: float32 [intervals * frequencies, SIDE]."""
    edges = np.arange(SIDE + 1) / SIDE
    rows = []
    for start, end in INTERVALS:
        covered = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None)
        covered /= covered.sum()
        middle = (edges[1:] + edges[:-1]) / 2
        for frequency in range(_FREQUENCIES):
            wave = np.cos(np.pi * frequency * (middle - start) / (end - start))
            # Without this, pixels that are covered in part would add the constant.
            rows.append(covered * (wave - (covered @ wave if frequency else 0)))
    return np.asarray(rows, np.float32)


_BASIS = _make_basis()


@dataclasses.dataclass(frozen=True)
class Hashes:
    """Holds the hashes of N images.

    Attributes:
      windows: uint64 [N, len(WINDOWS)], the hash of each window.
      plain: bool [N, len(WINDOWS)]; True where a window has too little contrast to compare.
      probes: uint16 [N, CHUNKS, PROBES]; the bits to flip in the chunks of the whole image's
        hash when it is looked up: none, and all sets of the three weakest bits.
    """

    windows: np.ndarray
    plain: np.ndarray
    probes: np.ndarray


def hash_images(gray: np.ndarray) -> Hashes:
    """Hashes pictures, uint8 [N, SIDE, SIDE], each of which shows a whole image."""
    parts = [_hash_batch(gray[start : start + 256]) for start in range(0, len(gray), 256)]
    return Hashes(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _hash_batch(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, count = len(gray), len(INTERVALS)
    waves = _BASIS @ gray.astype(np.float32) @ _BASIS.T
    waves = waves.reshape(n, count, _FREQUENCIES, count, _FREQUENCIES)
    # The shape is [64, N, intervals, intervals], since advanced indices come first.
    chosen = waves[:, :, _ORDER[:, 0], :, _ORDER[:, 1]]
    bits = np.packbits(chosen > 0, axis=0, bitorder="little")  # [8, N, intervals, intervals]
    windows = np.ascontiguousarray(np.moveaxis(bits, 0, -1)).view("<u8").reshape(n, -1)
    plain = np.sqrt((chosen**2).sum(axis=0)).reshape(n, -1) < _CONTRAST
    return windows, plain, _find_probes(chosen[:, :, 0, 0])


def _find_probes(chosen: np.ndarray) -> np.ndarray:
    """Returns `Hashes.probes` for the frequencies of whole images, float32 [64, N]."""
    strength = np.abs(chosen).reshape(CHUNKS, CHUNK_BITS, -1)
    weakest = np.argsort(strength, axis=1)[:, :3]  # [CHUNKS, 3, N]
    flips = (1 << weakest).astype(np.uint16)
    sets = itertools.product((0, 1), repeat=3)
    probes = [np.bitwise_or.reduce(flips * np.uint16(s)[None, :, None], axis=1) for s in sets]
    return np.moveaxis(np.stack(probes, axis=-1), 0, 1)
