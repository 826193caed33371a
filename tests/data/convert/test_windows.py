import tracemalloc

import numpy as np
import PIL.Image
import pytest

from foi_tf.data.convert import windows
from foi_tf.data.convert.windows import Window
from foi_tf.errors import FoiError

# (height, width) of Vaihingen's 33 areas, by which Table 1 counts 437 tiles.
VAIHINGEN = (
    (2569, 1919), (2767, 2428), (3007, 2006), *[(2557, 1887)] * 6, (2566, 1893), (2575, 1922),
    (2558, 2818), *[(2565, 1919)] * 3, (1281, 2336), (2315, 1866), *[(2546, 1903)] * 4,
    (1783, 2995), (3313, 1917), (2567, 1917), (2563, 1917), (2563, 1934), *[(2555, 1980)] * 2,
    (2555, 1581), (2555, 1388), (1884, 2805), (1995, 1996), (2550, 3816),
)  # fmt: skip


def test_the_last_tile_is_shifted_inside():
    # The example of the paper's authors: 1500 pixels are 0-800, 600-1400, 700-1500.
    assert windows.list_tiles((800, 1500)) == [
        Window(0, 0, 800, 800), Window(0, 600, 800, 1400), Window(0, 700, 800, 1500),
    ]  # fmt: skip
    assert windows.list_tiles((1400, 800)) == [Window(0, 0, 800, 800), Window(600, 0, 1400, 800)]


def test_short_sides_are_left_whole():
    assert windows.list_tiles((799, 5000)) == [Window(0, 0, 799, 5000)]
    assert windows.list_tiles((800, 800)) == [Window(0, 0, 800, 800)]


def test_there_are_as_many_tiles_as_in_table_1():
    assert len(VAIHINGEN) == 33
    assert sum(len(windows.list_tiles(size)) for size in VAIHINGEN) == 437
    assert 38 * len(windows.list_tiles((6000, 6000))) == 3_800  # Printed as 4K.


@pytest.mark.parametrize("size", [(7, 31), (8, 8), (9, 8), (14, 15), (20, 33)])
def test_tiles_cover_all_and_nothing_twice_over(size):
    covered = np.zeros(size, int)
    for top, left, bottom, right in windows.list_tiles(size, 8, 2):
        assert top >= 0 and left >= 0 and bottom <= size[0] and right <= size[1]
        covered[top:bottom, left:right] += 1
    assert covered.min() == 1
    assert len(set(windows.list_tiles(size, 8, 2))) == len(windows.list_tiles(size, 8, 2))


@pytest.fixture(name="pixels")
def _pixels():
    return np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.tif", {}),
        ("lzw.tif", {"compression": "tiff_lzw"}),
        ("deflated.TIFF", {"compression": "tiff_adobe_deflate"}),
        ("strips.tif", {"strip_size": 5000}),
        ("a.png", {}),
        ("a.bmp", {}),
    ],
)
def test_windows_are_parts_of_the_image(tmp_path, pixels, name, options):
    path = tmp_path / name
    PIL.Image.fromarray(pixels).save(path, **options)
    for window in windows.list_tiles((300, 400), 150, 40):
        found = windows.read_window(path, window)
        assert found.dtype == np.uint8 and found.flags.c_contiguous
        top, left, bottom, right = window
        np.testing.assert_array_equal(found, pixels[top:bottom, left:right])


def test_an_uncompressed_tiff_is_not_read_whole(tmp_path):
    path = tmp_path / "large.tif"
    PIL.Image.fromarray(np.zeros((3000, 2000, 3), np.uint8)).save(path)
    windows.read_window(path, Window(0, 0, 8, 8))
    tracemalloc.start()
    found = windows.read_window(path, Window(1000, 100, 1800, 900))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.nbytes == 800 * 800 * 3 < peak < 1.2 * found.nbytes


def test_broken_files_are_named(tmp_path, pixels):
    path = tmp_path / "a.tif"
    PIL.Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:-9999])
    with pytest.raises(FoiError, match=r"a\.tif: not a whole image"):
        windows.read_window(path, Window(0, 0, 9, 9))
    with pytest.raises(FoiError, match=r"b\.tif: not a whole image"):
        windows.read_window(tmp_path / "b.tif", Window(0, 0, 9, 9))
    with pytest.raises(FoiError, match=r"b\.png: No such file"):
        windows.read_window(tmp_path / "b.png", Window(0, 0, 9, 9))
