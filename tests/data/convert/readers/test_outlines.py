"""Tests outlines by hand: polygons by the centers of pixels, run lengths of both kinds."""

import numpy as np
import pytest

from foi_tf.data.convert.readers import outlines, painting
from foi_tf.data.convert.readers.outlines import Outline
from foi_tf.errors import FoiError

SQUARE = [1, 1, 3, 1, 3, 4, 1, 4]  # Columns 1 and 2, rows 1 to 3.


def fill(outline, size=(5, 6)):
    mask = np.zeros(size, int)
    area, inside = outlines.find_pixels(outline, size, "here")
    mask[area][inside] = 1
    return mask


def test_polygons_hold_the_pixels_whose_centers_are_inside():
    outline = outlines.parse_coco([SQUARE], "here")
    assert outlines.find_box(outline) == (1, 1, 4, 3)
    expected = np.zeros((5, 6), int)
    expected[1:4, 1:3] = 1
    assert np.array_equal(fill(outline), expected)
    triangle = outlines.make_polygons([[(0, 0), (4, 0), (0, 4)]], "here")
    assert fill(triangle).sum(axis=1).tolist() == [3, 2, 1, 0, 0]
    two = outlines.parse_coco([SQUARE, [4, 0, 9, 0, 9, 9, 4, 9], [1, 1, 2, 2]], "here")
    assert fill(two).sum(axis=0).tolist() == [0, 3, 3, 0, 5, 5]
    assert outlines.parse_coco(SQUARE, "here") == outline
    assert outlines.parse_coco([], "here") is outlines.parse_coco([[1, 1, 2, 2]], "here") is None


@pytest.mark.parametrize("compressed", [False, True])
def test_run_lengths_go_down_columns(compressed):
    counts = [6, 3, 2, 3, 16]
    counts = compress(counts) if compressed else counts
    outline = outlines.parse_coco({"size": [5, 6], "counts": counts}, "here")
    assert np.array_equal(fill(outline), fill(outlines.parse_coco([SQUARE], "here")))
    assert outlines.find_box(outline) == (1, 1, 4, 3)


def compress(counts):
    """Compresses run lengths as COCO's tools do."""
    text = ""
    for i, count in enumerate(counts):
        number = count - (counts[i - 2] if i > 2 else 0)
        while True:
            digit, number = number & 31, number >> 5
            done = number == (-1 if digit & 16 else 0)
            text += chr(48 + (digit if done else digit | 32))
            if done:
                break
    return text


def test_large_run_lengths_survive_compression():
    counts = [70000, 5, 100, 3, 9000, 1, 20891]
    packed = outlines.parse_coco({"size": [250, 400], "counts": compress(counts)}, "here")
    assert packed.runs.counts == tuple(counts)


def test_run_lengths_along_rows_may_fill_a_part_of_the_image():
    runs = outlines.make_runs((2, 3), [1, 1, 1, 3], "here", by_column=False, corner=(2, 1))
    expected = np.zeros((5, 6), int)
    expected[2, 2] = 1
    expected[3, 1:4] = 1
    assert np.array_equal(fill(Outline(runs=runs)), expected)
    assert outlines.find_box(Outline(runs=runs)) == (2, 1, 4, 4)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"size": [5, 6], "counts": [6, 3]}, "must be numbers from 0 that sum to the 5 x 6 pixels"),
        ({"size": [5, 6], "counts": [40, -10]}, "must be numbers from 0"),
        ({"size": [5, 6]}, "must be numbers from 0"),
        ({"size": [5], "counts": [5]}, "must have the 'size'"),
        ({"size": [99999, 99999], "counts": [99999**2]}, "must have the 'size'"),
        ({"size": [5, 6], "counts": "~"}, "damaged"),
        ({"size": [5, 6], "counts": "P"}, "cut off"),
        ([[1, 2, 3, 4, 5, 6, 7]], "pairs of finite numbers"),
        ([[1, 2, 3, 4, 5, "x"]], "must hold numbers"),
        ("x", "must be polygons or run lengths"),
    ],
)
def test_mistakes_in_outlines_are_named(value, said):
    with pytest.raises(FoiError, match=f"here: .*{said}"):
        outlines.parse_coco(value, "here")


def test_run_lengths_of_another_size_are_refused():
    outline = outlines.parse_coco({"size": [5, 6], "counts": [30]}, "here")
    with pytest.raises(FoiError, match=r"here: a mask has 5x6 pixels .* image has 6x5"):
        outlines.find_pixels(outline, (6, 5), "here")


def test_smaller_objects_cover_larger_ones_and_all_cover_the_ignored():
    small, large = ([[0, 0, k, 0, k, k, 0, k]] for k in (2, 4))
    painted = [
        painting.PaintedOutline(label, outlines.parse_coco(shape, "here"), level)
        for label, shape, level in ((1, small, 0), (2, large, 0), (painting.IGNORED, small, 5))
    ]
    mask = painting.paint(painted, 3, (5, 5), "here")
    assert mask[:2, :2].tolist() == [[1, 1], [1, 1]] and (mask == 2).sum() == 12
    assert painting.paint(painted[2:], 3, (5, 5), "here")[0, 0] == 255
    above = painting.paint([painting.PaintedOutline(2, painted[1].outline, 1), painted[0]],
                           300, (5, 5), "here")  # fmt: skip
    assert (above == 2).sum() == 16 and above.dtype == np.uint16
