import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from foi_tf.data.convert import custom_dataset, image_files, large_images, windows
from foi_tf.data.convert.windows import Window
from foi_tf.errors import FoiError
from tests import raw_folders


@pytest.fixture(name="picture")
def _picture(tmp_path):
    """Returns the path of an image of 300 x 400 pixels, with Pillow's limit set below it."""
    path = tmp_path / "large.png"
    PIL.Image.fromarray(np.full((300, 400, 3), 7, np.uint8)).save(path)
    return path


@pytest.fixture(autouse=True)
def _low_limit(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    monkeypatch.setattr(large_images, "_UNCHECKED", 1000)


def test_images_above_pillows_limit_are_read(picture):
    with pytest.raises(PIL.Image.DecompressionBombError):
        PIL.Image.open(picture)
    assert image_files.read_image(picture)[1] == image_files.read_image_size(picture) == (300, 400)
    assert image_files.read_colors(picture).shape == (300, 400, 3)
    assert windows.read_window(picture, Window(1, 2, 3, 5)).tolist() == [[[7] * 3] * 3] * 2
    assert PIL.Image.MAX_IMAGE_PIXELS == 1000  # For other users of Pillow in this process.


def test_a_limit_of_pillow_does_not_stop_a_mapped_file(tmp_path):
    path = tmp_path / "large.tif"
    PIL.Image.fromarray(np.full((300, 400, 3), 7, np.uint8)).save(path)
    assert windows.is_mapped(path)
    assert windows.read_window(path, Window(0, 0, 2, 2)).tolist() == [[[7] * 3] * 2] * 2


def test_images_of_own_data_may_be_above_pillows_limit(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    found = custom_dataset.find_custom_dataset(root, ("masks",), "mine", "aerial", None)
    assert len(list(found.examples("train"))) == 8


def test_an_image_beyond_the_memory_is_named(picture, monkeypatch):
    monkeypatch.setattr(large_images, "measure_free_memory", lambda: 300 * 400 * 16 - 1)
    said = r"large\.png: 300x400 pixels need 0\.0 GiB of memory, more than is free; use fewer"
    for read in (image_files.read_image, image_files.read_colors):
        with pytest.raises(FoiError, match=said):
            read(picture)
    assert image_files.read_image_size(picture) == (300, 400)  # The header fits always.
    monkeypatch.setattr(large_images, "measure_free_memory", lambda: 300 * 400 * 16)
    image_files.read_image(picture)
    monkeypatch.setattr(large_images, "measure_free_memory", lambda: None)
    image_files.read_image(picture)


def test_whole_images_are_small_enough_for_tensorflow(picture, monkeypatch):
    monkeypatch.setattr(large_images, "_DECODED", 300 * 400)
    with pytest.raises(FoiError, match=r"large\.png: 300x400 pixels are too many for TensorFlow"):
        image_files.read_image(picture)
    image_files.read_colors(picture)  # Its tiles are small enough.
    monkeypatch.setattr(large_images, "_DECODED", 300 * 400 + 1)
    image_files.read_image(picture)


def test_memory_that_runs_out_is_no_traceback(picture, monkeypatch):
    def load(_):
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(FoiError, match=r"large\.png: 300x400 pixels need"):
        image_files.read_colors(picture)

    def decode(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "no memory")

    monkeypatch.setattr("tensorflow.io.decode_png", decode)
    with pytest.raises(FoiError, match=r"large\.png: 300x400 pixels need"):
        image_files.read_image(picture)


def test_free_memory_is_the_smaller_of_system_and_container(tmp_path, monkeypatch):
    assert large_images.measure_free_memory() > 2**20
    files = {
        "meminfo": "MemTotal: 9 kB\nMemAvailable:    4000 kB\n",
        "max": "3000000\n",
        "current": "1000000\n",
        "stat": "anon 5\ninactive_file 500000\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    group = tuple(tmp_path / name for name in ("max", "current", "stat"))
    monkeypatch.setattr(large_images, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(large_images, "_CGROUPS", (group,))
    assert large_images.measure_free_memory() == 2_500_000
    (tmp_path / "max").write_text("max\n")
    assert large_images.measure_free_memory() == 4_096_000
    (tmp_path / "meminfo").unlink()
    assert large_images.measure_free_memory() is None


def test_headers_alone_are_read_at_opening(picture):
    # The file is cut after its header.
    opened = large_images.open_image(io.BytesIO(picture.read_bytes()[:100]))
    assert opened.size == (400, 300)
