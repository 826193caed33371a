"""Reads a digest and a small gray picture of each image, by which images are compared."""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from foi_tf.data.inspect.overlap.hashes import SIDE
from foi_tf.data.records import integrity
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.schema import SPLITS
from foi_tf.data.records.tf_data import PARALLEL_CALLS, disable_autotuning
from foi_tf.progress import track


@dataclasses.dataclass(frozen=True)
class ImagePrints:
    """Holds digests and gray pictures of the N images of a dataset, training images first.

    Attributes:
      prepared: the dataset.
      places: for each image, its split and id.
      digests: SHA-256 of each image file.
      gray: small gray pictures, uint8 [N, SIDE, SIDE]; they take 4 kB an image.
    """

    prepared: PreparedDataset
    places: list[tuple[str, str]]
    digests: list[bytes]
    gray: np.ndarray


def read_prints(prepared: PreparedDataset) -> ImagePrints:
    """Reads all images of a dataset once, and keeps their digests and small gray pictures.

    Raises:
      FoiError: a record file is broken.
    """
    places = [(split, name) for split in SPLITS for name in prepared.ids[split]]
    digests, gray = [], np.zeros((len(places), SIDE, SIDE), np.uint8)
    for split in SPLITS:
        files = prepared.files[split]
        images = tf.data.TFRecordDataset([path for path, _ in files])
        images = images.map(_shrink, PARALLEL_CALLS, deterministic=True).prefetch(64)
        images = disable_autotuning(images).as_numpy_iterator()
        label = f"{prepared.dataset.id} {split} images"
        try:
            for data, small in track(images, label, len(prepared.ids[split])):
                gray[len(digests)] = small
                digests.append(hashlib.sha256(data).digest())
        except tf.errors.OpError:
            integrity.check_records(files)
            raise
    return ImagePrints(prepared, places, digests, gray)


def _shrink(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    spec = {"image": tf.io.FixedLenFeature((), tf.string)}
    data = tf.io.parse_single_example(record, spec)["image"]
    image = tf.io.decode_image(data, channels=3, expand_animations=False)
    small = tf.image.resize(image, (SIDE, SIDE), method="area")
    gray = tf.tensordot(small, tf.constant((0.299, 0.587, 0.114)), 1)
    return data, tf.cast(tf.round(gray), tf.uint8)
