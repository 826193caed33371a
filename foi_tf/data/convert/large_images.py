"""Opens images of any number of pixels, and checks that memory suffices to decode them.

Pillow refuses images above a number of pixels, to protect servers from crafted files. Aerial
images exceed it. Here the files are the user's own, so the limit is the machine's memory.
"""

import pathlib
import threading
from typing import BinaryIO

import PIL.Image
from etils import epath

from foi_tf.errors import FoiError

# Bytes for each pixel: decoded and converted by Pillow, as an array, and encoded anew. Ours.
_BYTES_PER_PIXEL = 16
# Smaller images are not checked; it is the number above which Pillow warns.
_UNCHECKED = 89_478_485
_DECODED = 2**29  # TensorFlow's decoders of JPEG and PNG take fewer pixels than these.
_GIB = 2**30
_MEMINFO = pathlib.Path("/proc/meminfo")
# A container's limit and use, of control groups of version 2 and 1.
_CGROUPS = (
    (
        pathlib.Path("/sys/fs/cgroup/memory.max"),
        pathlib.Path("/sys/fs/cgroup/memory.current"),
        pathlib.Path("/sys/fs/cgroup/memory.stat"),
    ),
    (
        pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        pathlib.Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
        pathlib.Path("/sys/fs/cgroup/memory/memory.stat"),
    ),
)
_lock = threading.Lock()


def open_image(file: BinaryIO) -> PIL.Image.Image:
    """Opens an image like `PIL.Image.open`, without its limit; reads the header only."""
    with _lock:
        limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            return PIL.Image.open(file)
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit


def check_memory(picture: PIL.Image.Image, path: epath.Path) -> None:
    """Checks that an opened image can be decoded, converted and stored in the free memory.

    Raises:
      FoiError: it is too large for the free memory.
    """
    pixels = picture.width * picture.height
    if pixels <= _UNCHECKED:
        return
    needed, free = pixels * _BYTES_PER_PIXEL, measure_free_memory()
    if free is not None and needed > free:
        raise memory_error(picture, path)


def check_decodable(picture: PIL.Image.Image, path: epath.Path) -> None:
    """Checks that TensorFlow can decode an opened image, if a record holds it whole.

    Raises:
      FoiError: it has too many pixels.
    """
    if picture.width * picture.height >= _DECODED:
        raise FoiError(
            f"{path}: {picture.height}x{picture.width} pixels are too many for TensorFlow, which "
            f"decodes fewer than {_DECODED:,}; cut the image into parts"
        )


def memory_error(picture: PIL.Image.Image, path: epath.Path) -> FoiError:
    """Returns the error for an image that is too large for the memory."""
    needed = picture.width * picture.height * _BYTES_PER_PIXEL / _GIB
    return FoiError(
        f"{path}: {picture.height}x{picture.width} pixels need {needed:.1f} GiB of memory, more "
        "than is free; use fewer --workers or a larger machine, or cut the image"
    )


def measure_free_memory() -> int | None:
    """Measures the bytes that this process can still get; None where the system does not say."""
    found = []
    for line in _read_lines(_MEMINFO):
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024)
    for limit, used, statistics in _CGROUPS:
        (limit_text,), (used_text,) = _read_lines(limit) or [""], _read_lines(used) or [""]
        if limit_text.isdecimal() and used_text.isdecimal():
            # The cache of files counts as used, but the system frees it on demand.
            pairs = dict(line.split() for line in _read_lines(statistics) if line.count(" ") == 1)
            cache = int(pairs.get("inactive_file", 0))
            found.append(int(limit_text) - int(used_text) + cache)
    return min(found, default=None)


def _read_lines(path: pathlib.Path) -> list[str]:
    try:
        return path.read_text().split("\n")[:-1]
    except OSError:
        return []
