"""Tests that images are converted as their range says, and that damaged ones are named."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from foi_tf.data.convert import doubts, image_files
from foi_tf.errors import FoiError

RAMP = np.tile(np.linspace(0, 1, 256), (8, 1))


def pixels(path):
    data, size = image_files.read_image(path)
    decoded = tf.io.decode_image(data, channels=3, expand_animations=False).numpy()
    assert decoded.shape == (*size, 3)
    return decoded


def marks(path):
    with doubts.collect() as found:
        image_files.read_image(path)
    assert all(where == str(path) for _, where in found.marks)
    return [kind for kind, _ in found.marks]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a.png", np.rint(RAMP * 65535).astype("u2")),
        ("a.tif", np.rint(RAMP * 65535).astype("u2")),
        ("b.tif", np.rint(RAMP * 65535).astype("i4")),
        ("c.tif", RAMP.astype("f4")),
        ("d.tif", (RAMP * 255).astype("f4")),
    ],
)
def test_a_ramp_stays_a_ramp(tmp_path, name, values):
    PIL.Image.fromarray(values).save(tmp_path / name)
    seen = pixels(tmp_path / name)
    assert np.array_equal(seen[3], np.tile(np.arange(256)[:, None], 3))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (RAMP * 1000, "has fractions up to 1000"),
        (RAMP - 0.5, "has pixels from -0.5 to 0.5"),
        (np.where(RAMP > 0.5, np.nan, RAMP), "has pixels from nan to nan"),
        (np.full((4, 4), 70000, "i4"), "has pixels from 70000 to 70000"),
    ],
)
def test_values_without_a_range_are_refused(tmp_path, values, said):
    values = values if values.dtype.kind == "i" else values.astype("f4")
    PIL.Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(FoiError, match=rf"a\.tif: {said}.*save the image with 8 bits"):
        image_files.read_image(tmp_path / "a.tif")


def test_images_that_are_not_wholly_used_are_marked(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.fromarray((RAMP * 4000).astype("u2")).save(path)
    assert marks(path) == ["dark"]
    PIL.Image.new("RGBA", (8, 8), (1, 2, 3, 255)).save(path)
    assert marks(path) == []
    PIL.Image.new("RGBA", (8, 8), (1, 2, 3, 9)).save(path)
    assert marks(path) == ["transparent"]
    frames = [PIL.Image.new("L", (8, 8), value) for value in (1, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert marks(tmp_path / "a.gif") == ["pages"] and (pixels(tmp_path / "a.gif") == 1).all()


def photo(suffix):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), "u1")
    buffer = io.BytesIO()
    PIL.Image.fromarray(noise).save(buffer, suffix)
    return buffer.getvalue()


def flip_checksum(data):
    """Breaks the checksum of the last chunk of pixels of a PNG file."""
    return data[:-13] + bytes([data[-13] ^ 255]) + data[-12:]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("PNG", lambda data: data[:-12]),
        ("PNG", lambda data: data[: len(data) // 2]),
        ("PNG", flip_checksum),
        ("JPEG", lambda data: data[: len(data) // 2]),
        ("JPEG", lambda data: data[:-2]),
        ("JPEG", lambda data: data[: len(data) // 2] + bytes(len(data) // 2)),
    ],
)
def test_damaged_images_are_named(tmp_path, suffix, damage):
    path = tmp_path / f"a.{suffix.lower()}"
    path.write_bytes(photo(suffix))
    image_files.read_image(path)
    path.write_bytes(damage(photo(suffix)))
    with pytest.raises(FoiError, match=rf"a\.{suffix.lower()}: not a whole image \([^{{}}]*\); re"):
        image_files.read_image(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2] + b"\xff\xd9",  # Gray in the lower half.
        lambda data: data[: len(data) // 2] + bytes(300) + data[len(data) // 2 + 300 :],
    ],
)
def test_jpeg_files_that_decode_in_part_are_marked(tmp_path, damage):
    path = tmp_path / "a.jpg"
    path.write_bytes(photo("JPEG") + b"the camera's notes")
    assert marks(path) == []
    path.write_bytes(damage(photo("JPEG")))
    assert marks(path) == ["damaged"]


def test_labels_are_whole_numbers_of_16_bits(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        PIL.Image.fromarray(np.full((4, 4), 65537, "i4")).save(file, "TIFF")
    with pytest.raises(FoiError, match=r"a\.png: has values beyond 16 bits"):
        image_files.read_labels(path)
    with path.open("wb") as file:
        PIL.Image.fromarray(np.full((4, 4), 1.5, "f4")).save(file, "TIFF")
    with pytest.raises(FoiError, match=r"must have one channel of 8 or 16 bits, not mode F"):
        image_files.read_labels(path)


def test_a_png_file_that_claims_to_be_huge_is_refused(tmp_path):
    data = photo("PNG")
    header = b"IHDR" + struct.pack(">II", 60000, 60000) + data[24:29]
    claimed = data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
    (tmp_path / "a.png").write_bytes(claimed)
    with pytest.raises(FoiError, match=r"a\.png: 60000x60000 pixels (need|are too many)"):
        image_files.read_image(tmp_path / "a.png")
