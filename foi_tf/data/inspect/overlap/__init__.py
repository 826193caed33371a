"""Finds images that two datasets share (Appendix E; the paper did not measure it).

Exact duplicates are the same file. Near duplicates are made from the same picture by
re-encoding, resizing, mirroring, or cropping to 70 % of each side or more. The hash of one
image is then close to the hash of a window in the other image. Aligning the image with this
window confirms the duplicate.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from foi_tf.data.inspect.overlap import search, verify
from foi_tf.data.inspect.overlap.hashes import MIRROR, WINDOWS, Hashes, hash_images
from foi_tf.data.inspect.overlap.image_prints import ImagePrints, read_prints
from foi_tf.progress import track

__all__ = ["DuplicatePair", "ImagePrints", "find_duplicates", "read_prints"]

MOST_BITS = 12  # Bits, of 64, in which the hashes of an image and a window may differ; ours.
MOST_CANDIDATES = 20  # Images that one is aligned with, nearest first; ours, for long videos.
LEAST_CORRELATION = 0.8  # Between aligned duplicates; ours, see `benchmarks/overlap.py`.
_CERTAIN = 0.95  # Correlation at which the search for a better window ends; ours.
_MANY = 5_000_000  # Candidates above which only the nearest ones are kept; ours.

_SAME_VIEW = 0.03  # Tolerance, in shares of a side, of a window that is the whole image; ours.

# Rows of an int64 array [6, C] of candidates.
_A, _B, _DISTANCE, _WINDOW, _MIRRORED, _CROP_IS_B = range(6)


@dataclasses.dataclass(frozen=True, order=True)
class DuplicatePair:
    """Holds two images that are duplicates, one of each dataset.

    Attributes:
      a, b: the indices of the images in their `ImagePrints`.
      kind: "exact" (the same file) or "near".
      mirrored: whether one is the other's mirror image.
      crop: which image is a crop of the other: "a", "b", or "" if both show the same.
      window: the part of the other image that the crop shows, (ymin, xmin, ymax, xmax) in
        shares of its sides.
      distance: the number of bits in which the hashes differ.
      correlation: the correlation of the aligned images; 1 if they are the same.
    """

    a: int
    b: int
    kind: str
    mirrored: bool = False
    crop: str = ""
    window: verify.Window = WINDOWS[0]
    distance: int = 0
    correlation: float = 1.0


def find_duplicates(a: ImagePrints, b: ImagePrints) -> list[DuplicatePair]:
    """Returns all pairs of duplicates, each once; within one dataset if `a` is `b`.

    An image with more than `MOST_CANDIDATES` near duplicates is paired with the nearest ones.
    """
    pairs = {(pair.a, pair.b): pair for pair in _find_exact(a, b)}
    hashes = hash_images(a.gray)
    others = hashes if a is b else hash_images(b.gray)
    found = _find_candidates(hashes, others, a is b)
    starts = np.flatnonzero(np.any(np.diff(found[:2], prepend=-1, axis=1), axis=0))
    groups = np.split(found, starts[1:], axis=1) if found.size else []
    for group in track(groups, "candidates", len(groups), unit="pair"):
        key = int(group[_A, 0]), int(group[_B, 0])
        if key not in pairs and (pair := _confirm(a, b, group)):
            pairs[key] = pair
    return sorted(pairs.values())


def _find_exact(a: ImagePrints, b: ImagePrints) -> Iterator[DuplicatePair]:
    places = defaultdict(list)
    for index, digest in enumerate(b.digests):
        places[digest].append(index)
    for index, digest in enumerate(a.digests):
        for other in places.get(digest, ()):
            if a is not b or index < other:
                yield DuplicatePair(index, other, "exact")


def _find_candidates(a: Hashes, b: Hashes, same: bool) -> np.ndarray:
    """Returns the pairs of images that may be duplicates, and how: int64 [6, C].

    They are sorted by both images, then by the distance of their hashes.
    """
    found = np.zeros((6, 0), np.int64)
    for whole, part, crop_is_b in ((a, b, 1), (b, a, 0)):
        if same and not crop_is_b:
            continue
        for near, mirrored in _find_windows(whole, part):
            image, window = np.divmod(near.found, len(WINDOWS))
            pair = (image, near.query) if crop_is_b else (near.query, image)
            side = np.full_like(image, crop_is_b)
            rows = np.stack([*pair, near.distance, window, mirrored, side])
            found = np.concatenate([found, _order_pairs(rows) if same else rows], axis=1)
            if found.shape[1] > _MANY:
                found = _keep_nearest(found)
    found = _keep_nearest(found)
    return found[:, np.lexsort(found[[_DISTANCE, _B, _A]])]


def _find_windows(whole: Hashes, part: Hashes) -> Iterator[tuple[search.NearHashes, np.ndarray]]:
    """Yields windows of `whole` that images of `part` may show, and whether they are mirrored."""
    places = np.flatnonzero(~whole.plain.ravel())
    asked = np.flatnonzero(~part.plain[:, 0])
    queries = part.windows[asked, 0]
    both = np.concatenate([queries, queries ^ MIRROR])
    probes = np.concatenate([part.probes[asked]] * 2)
    windows = whole.windows.ravel()[places]
    for near in search.find_near_hashes(windows, both, probes, MOST_BITS):
        mirrored, query = np.divmod(near.query, len(asked))
        yield search.NearHashes(asked[query], places[near.found], near.distance), mirrored


def _order_pairs(rows: np.ndarray) -> np.ndarray:
    """Drops pairs of an image with itself, and puts the earlier image of each pair first."""
    rows = rows[:, rows[_A] != rows[_B]]
    turned = rows[_A] > rows[_B]
    rows[:2, turned] = rows[1::-1, turned]
    rows[_CROP_IS_B, turned] ^= 1
    return rows


def _keep_nearest(rows: np.ndarray) -> np.ndarray:
    """Keeps the best window for each way of aligning a pair, and the nearest pairs of each image.

    No image is left with more than `MOST_CANDIDATES` candidates.
    """
    rows = rows[:, np.argsort(rows[_DISTANCE], kind="stable")]
    _, first = np.unique(rows[[_A, _B, _MIRRORED, _CROP_IS_B]], axis=1, return_index=True)
    rows = rows[:, np.sort(first)]
    for image in (_A, _B):
        order = np.argsort(rows[image], kind="stable")
        ranked = rows[image][order]
        rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
        rows = rows[:, np.sort(order[rank < MOST_CANDIDATES])]
    return rows


def _confirm(a: ImagePrints, b: ImagePrints, ways: np.ndarray) -> DuplicatePair | None:
    """Aligns two images in the candidate ways [6, N]; returns the best pair, or None."""
    best = None
    for first, second, distance, window, mirrored, crop_is_b in ways.T.tolist():
        one, other = a.gray[first], b.gray[second]
        whole, part = (one, other) if crop_is_b else (other, one)
        found = verify.align_crop(whole, part[:, ::-1] if mirrored else part, WINDOWS[window])
        if found is None or found.correlation < LEAST_CORRELATION:
            continue
        if best is None or found.correlation > best.correlation:
            crop = "" if _is_whole(found.window) else ("b" if crop_is_b else "a")
            agreed = (found.window, distance, found.correlation)
            best = DuplicatePair(first, second, "near", bool(mirrored), crop, *agreed)
        if best.correlation >= _CERTAIN:
            break
    return best


def _is_whole(window: verify.Window) -> bool:
    return max(abs(x - y) for x, y in zip(window, WINDOWS[0], strict=True)) < _SAME_VIEW
