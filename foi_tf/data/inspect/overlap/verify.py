"""Verifies that a picture is a crop of another by aligning them to a fraction of a pixel."""

from typing import NamedTuple

import cv2
import numpy as np

from foi_tf.data.inspect.overlap.hashes import SIDE

_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
_COARSE = 5.0  # Pixels; smoother shading says little, since most skies are alike; ours.
_HOPELESS = 0.4  # Correlation before alignment below which it is not tried; ours.
_SHEAR = 0.04  # Largest shear of an estimated alignment; crops have none; ours.
_BORDER = 0.06  # Shares of a side that an estimated window may reach beyond the image; ours.
_COVERED = 0.5  # Share of the crop that must lie within the image; ours.

Window = tuple[float, float, float, float]  # (ymin, xmin, ymax, xmax) in shares.


class Alignment(NamedTuple):
    """Says how well a crop matches the window of the picture that it was aligned with.

    Attributes:
      correlation: correlation of both without their coarse shading, from -1 to 1.
      window: the window of the picture that the crop shows.
    """

    correlation: float
    window: Window


def align_crop(picture: np.ndarray, crop: np.ndarray, window: Window) -> Alignment | None:
    """Aligns `crop` with a window of `picture`; returns None if they have nothing in common.

    Args:
      picture, crop: uint8 [SIDE, SIDE], each of which shows a whole image.
      window: where the search begins.
    """
    whole, part = picture.astype(np.float32), crop.astype(np.float32)
    warp = _window_to_warp(window)
    if _correlate(_apply_warp(whole, warp), part) < _HOPELESS:
        return None
    try:
        _, warp = cv2.findTransformECC(part, whole, warp, cv2.MOTION_AFFINE, _STEPS, None, 3)
    except cv2.error:  # The search did not converge.
        return None
    if abs(warp[0, 1]) > _SHEAR or abs(warp[1, 0]) > _SHEAR:
        return None
    window = _warp_to_window(warp)
    if min(window) < -_BORDER or max(window) > 1 + _BORDER:
        return None
    inside = _apply_warp(np.ones_like(whole), warp) > 0.99
    if inside.mean() < _COVERED:
        return None
    fine = _remove_scales(_apply_warp(whole, warp))[inside], _remove_scales(part)[inside]
    return Alignment(_correlate(*fine), window)


def _window_to_warp(window: Window) -> np.ndarray:
    """Returns the map from pixels (x, y) of the crop to those of the picture: float32 [2, 3]."""
    ymin, xmin, ymax, xmax = window
    scale_y, scale_x = ymax - ymin, xmax - xmin
    shift_x, shift_y = (s * SIDE + k / 2 - 0.5 for s, k in ((xmin, scale_x), (ymin, scale_y)))
    return np.asarray([[scale_x, 0, shift_x], [0, scale_y, shift_y]], np.float32)


def _warp_to_window(warp: np.ndarray) -> Window:
    scale_x, scale_y = float(warp[0, 0]), float(warp[1, 1])
    # Measured in the middle row and column, where shear has no effect.
    middle = (SIDE - 1) / 2
    x = float(warp[0, 2] + warp[0, 1] * middle + 0.5 - scale_x / 2) / SIDE
    y = float(warp[1, 2] + warp[1, 0] * middle + 0.5 - scale_y / 2) / SIDE
    return y, x, y + scale_y, x + scale_x


def _apply_warp(picture: np.ndarray, warp: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        picture, warp, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )


def _remove_scales(picture: np.ndarray) -> np.ndarray:
    """Removes the coarse shading and the finest details of a picture."""
    return cv2.GaussianBlur(picture, (0, 0), 1) - cv2.GaussianBlur(picture, (0, 0), _COARSE)


def _correlate(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one.ravel() - one.mean(), other.ravel() - other.mean()
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / scale) if scale > 0 else 0.0
