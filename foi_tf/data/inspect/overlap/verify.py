"""Whether one picture really is a crop of another: by laying it on, to a fraction of a pixel."""

from typing import NamedTuple

import cv2
import numpy as np

from foi_tf.data.inspect.overlap.hashes import SIDE

_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
_COARSE = 5.0  # Pixels; what is smoother than this says little, as most skies are alike; ours.
_HOPELESS = 0.4  # Correlation at the outset below which laying on is not tried; ours.
_SHEAR = 0.04  # Crops are upright; so far an estimate may be off; ours.
_BORDER = 0.06  # Shares of the image that the estimate may reach beyond it; ours.
_COVERED = 0.5  # Share of the crop that must lie within the image; ours.

Window = tuple[float, float, float, float]  # (ymin, xmin, ymax, xmax) in shares.


class Alignment(NamedTuple):
    """How well two pictures agree where one lies on the other.

    Attributes:
      correlation: of what is left of both without coarse shading, from -1 to 1.
      window: of the larger picture, that the smaller one covers.
    """

    correlation: float
    window: Window


def align_crop(picture: np.ndarray, crop: np.ndarray, window: Window) -> Alignment | None:
    """Lays `crop` on `picture`, near `window`; None where they have nothing in common.

    Args:
      picture, crop: uint8 [SIDE, SIDE], each the whole of an image.
    """
    whole, part = picture.astype(np.float32), crop.astype(np.float32)
    warp = _warp(window)
    if _correlation(_lay(whole, warp), part) < _HOPELESS:
        return None
    try:
        _, warp = cv2.findTransformECC(part, whole, warp, cv2.MOTION_AFFINE, _STEPS, None, 3)
    except cv2.error:  # It did not converge.
        return None
    if abs(warp[0, 1]) > _SHEAR or abs(warp[1, 0]) > _SHEAR:
        return None
    window = _window(warp)
    if min(window) < -_BORDER or max(window) > 1 + _BORDER:
        return None
    inside = _lay(np.ones_like(whole), warp) > 0.99
    if inside.mean() < _COVERED:
        return None
    fine = _fine(_lay(whole, warp))[inside], _fine(part)[inside]
    return Alignment(_correlation(*fine), window)


def _warp(window: Window) -> np.ndarray:
    """Pixels (x, y) of the crop to those of the picture, float32 [2, 3]."""
    ymin, xmin, ymax, xmax = window
    scale_y, scale_x = ymax - ymin, xmax - xmin
    shift_x, shift_y = (s * SIDE + k / 2 - 0.5 for s, k in ((xmin, scale_x), (ymin, scale_y)))
    return np.asarray([[scale_x, 0, shift_x], [0, scale_y, shift_y]], np.float32)


def _window(warp: np.ndarray) -> Window:
    scale_x, scale_y = float(warp[0, 0]), float(warp[1, 1])
    # Of the middle row and column, where shear does not show.
    middle = (SIDE - 1) / 2
    x = float(warp[0, 2] + warp[0, 1] * middle + 0.5 - scale_x / 2) / SIDE
    y = float(warp[1, 2] + warp[1, 0] * middle + 0.5 - scale_y / 2) / SIDE
    return y, x, y + scale_y, x + scale_x


def _lay(picture: np.ndarray, warp: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        picture, warp, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )


def _fine(picture: np.ndarray) -> np.ndarray:
    """The picture between two scales: neither coarse shading nor the finest pixels."""
    return cv2.GaussianBlur(picture, (0, 0), 1) - cv2.GaussianBlur(picture, (0, 0), _COARSE)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one.ravel() - one.mean(), other.ravel() - other.mean()
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / scale) if scale > 0 else 0.0
