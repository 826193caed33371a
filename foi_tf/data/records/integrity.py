"""Finds record files that are missing, damaged or cut off, and names them."""

from collections.abc import Iterable

import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.wording import count_noun

Files = Iterable[tuple[str, int]]  # Paths, each with its number of records.


def check_records(files: Files) -> None:
    """Reads record files until one turns out to be broken.

    TensorFlow's own errors name neither the file nor the record.

    Raises:
      FoiError: a file is missing, cut off or damaged, or has another number of records.
    """
    for path, count in files:
        remedy = "remove the dataset's directory and prepare it anew"
        read = 0
        try:
            for _ in tf.data.TFRecordDataset(path):
                read += 1
        except tf.errors.NotFoundError as error:
            raise FoiError(f"{path}: missing; {remedy}") from error
        except tf.errors.OpError as error:
            raise FoiError(
                f"{path}: record {read} is cut off or damaged ({describe_error(error)}); {remedy}"
            ) from error
        if read != count:
            records = count_noun(read, "record")
            raise FoiError(f"{path}: {records}, but {count} were written; {remedy}")


def check_file_sizes(files: Files, sizes: Iterable[int]) -> None:
    """Compares the sizes of files with the bytes that were written, without reading the files.

    Raises:
      FoiError: a file is missing, or is longer or shorter.
    """
    for (path, count), size in zip(files, sizes, strict=True):
        try:
            found = tf.io.gfile.stat(path).length
        except tf.errors.NotFoundError:
            found = -1
        if found != size:
            check_records([(path, count)])
            raise FoiError(
                f"{path}: {found} bytes, but {size} were written; "
                "remove the dataset's directory and prepare it anew"
            )
