"""Decodes images as training will, to find damaged ones before."""

import PIL.Image
import simplejpeg
import tensorflow as tf
from etils import epath

from foi_tf.data.convert import doubts, pixel_formats
from foi_tf.files import describe_error

_SHRINK = 8  # Shrinking while decoding reads all of a JPEG file, in less time.


class UndecodableError(Exception):
    """Says in a few words why TensorFlow cannot decode an image."""


def check_decodes(data: bytes, picture: PIL.Image.Image, path: epath.Path) -> None:
    """Decodes a JPEG or PNG file by the operations that training uses.

    A JPEG file may be damaged and still decode, into gray or smeared blocks. Its decoder then
    warns, which TensorFlow does not pass on; such a file is marked as doubtful. The same goes
    for pixels that transparency hides, whose colors are shown.

    Args:
      picture: the file, opened by Pillow.

    Raises:
      UndecodableError: TensorFlow cannot decode it.
      MemoryError: the image does not fit into the memory.
    """
    try:
        with tf.device("CPU:0"):
            if picture.format == "JPEG":
                tf.io.decode_jpeg(data, channels=3, ratio=_SHRINK)
            else:
                channels = 4 if picture.mode == "RGBA" else 3
                pixels = tf.io.decode_png(data, channels=channels)
                if channels == 4 and pixel_formats.is_transparent(pixels[..., 3].numpy()):
                    doubts.mark("transparent", str(path))
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError from error
    except tf.errors.OpError as error:
        raise UndecodableError(describe_error(error)) from error
    if picture.format == "JPEG":
        _check_jpeg(data, path)


def _check_jpeg(data: bytes, path: epath.Path) -> None:
    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_factor=_SHRINK, strict=True)
    except ValueError:
        doubts.mark("damaged", str(path))
