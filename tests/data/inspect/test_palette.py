"""Measures how far apart colors are for people with color-vision deficiencies."""

import numpy as np
import pytest

from foi_tf.data.inspect import palette

# Without one kind of cone: Machado et al. (2009), Table 1, in linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def to_lab(colors, vision):
    """Converts sRGB colors to CIELAB, as somebody with this vision sees them."""
    share = np.asarray(colors) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.asarray(VISION[vision]).T, 0, 1)
    t = np.maximum(seen @ XYZ.T / XYZ.sum(1), 1e-9)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


@pytest.mark.parametrize("vision", VISION)
def test_colors_are_far_apart(vision):
    """Colors that differ by 2.3 are just told apart; those of hues alone are 0.2 to 3 apart."""
    lab = to_lab(palette.COLORS, vision)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert apart[:16, :16].min() > 16 and apart.min() > 12


def test_every_class_has_a_color():
    assert palette.class_color(3) == palette.class_color(35) == palette.COLORS[3]
    assert len(set(palette.COLORS)) == 32
