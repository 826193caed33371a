"""Compresses arrays to the bytes of image files, as records store them."""

import struct
import zlib

import cv2
import numpy as np

from foi_tf.errors import FoiError

_JPEG_QUALITY = 95  # Ours; for images that come as arrays.
_DEFLATE_LEVEL = 3  # Ours. From 4 on, zlib looks for more and shorter repeats, which read slower.


def to_png(labels: np.ndarray) -> bytes:
    """Compresses a map, uint8 or uint16 [H, W], without loss, to a PNG file that decodes fast.

    Its rows are not filtered, as they are by Pillow and OpenCV: that takes time to undo.
    """
    height, width = labels.shape
    rows = np.zeros((height, 1 + width * labels.itemsize), np.uint8)  # A row begins with 0: as is.
    rows[:, 1:] = labels.astype(labels.dtype.newbyteorder(">"), "C").view(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 8 * labels.itemsize, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, _DEFLATE_LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_make_chunk(*part) for part in parts)


def _make_chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def to_jpeg(image: np.ndarray) -> bytes:
    """Compresses an image, uint8 [H, W, 3] RGB.

    Raises:
      FoiError: the array is no such image.
    """
    done, data = cv2.imencode(".jpg", image[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
    if not done:
        raise FoiError(f"an image of shape {image.shape} cannot be encoded as JPEG")
    return data.tobytes()
