"""Opens an export, a trained link or a checkpoint for prediction in Python."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf import parsing
from foi_tf.errors import FoiError
from foi_tf.files import describe_error
from foi_tf.inference import export, saved_model
from foi_tf.inference.saved_model import SignatureFunction


@dataclasses.dataclass(frozen=True)
class OpenedModel:
    """Predicts from images and takes their features.

    Attributes:
      metadata: facts about the model, as in its `foi_model.json`: task, class names, input
        size, metrics, license and others.
      functions: "get_features" and, unless the model is a backbone alone, "predict".
    """

    metadata: Mapping[str, Any]
    functions: Mapping[str, SignatureFunction] = dataclasses.field(repr=False)

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Predicts what the task type's `decode` returns, in pixels of the images.

        Args:
          images: uint8 [B, H, W, 3], RGB, of any size.

        Raises:
          FoiError: the images have another shape or type, or the model is a backbone alone.
        """
        return self._call("predict", images)

    def get_features(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns {"features": float32 [B, ceil(H / 4), ceil(W / 4), C]}.

        Args:
          images: uint8 [B, H, W, 3], RGB, of any size.

        Raises:
          FoiError: the images have another shape or type.
        """
        return self._call("get_features", images)

    def _call(self, name: str, images: np.ndarray) -> dict[str, np.ndarray]:
        if name not in self.functions:
            raise FoiError(
                f"the model of {' -> '.join(self.metadata['chain'])} is a backbone without a head; "
                "it has get_features only"
            )
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
            raise FoiError(
                f"images are {images.dtype} {list(images.shape)}, but must be uint8 [B, H, W, 3] "
                "in RGB; give one image as image[None]"
            )
        found = self.functions[name](images=tf.constant(images))
        return {key: value.numpy() for key, value in found.items()}


def open_for_prediction(
    place: epath.PathLike,
    *,
    data_dir: epath.PathLike = "",
    backbone: str | None = None,
    precision: str | None = None,
) -> OpenedModel:
    """Opens an export of `export.write_model`, or what `export.open_trained_model` takes.

    Args:
      place: directory of an export or of a finished link, or a checkpoint.
      data_dir, backbone, precision: see `export.open_trained_model`; exports need none of them.

    Raises:
      FoiError: nothing that can be opened is there.
    """
    description = epath.Path(place) / export.METADATA
    if description.exists():
        return _open_export(epath.Path(place), _read_metadata(description))
    model = export.open_trained_model(
        place, data_dir=data_dir, backbone=backbone, precision=precision, license=""
    )
    return OpenedModel(model.metadata, saved_model.build_functions(model, frozen=False))


def _read_metadata(path: epath.Path) -> dict[str, Any]:
    try:
        found = parsing.parse_json(parsing.read_text(path))
    except ValueError as error:
        raise FoiError(f"{path}: damaged ({error}); export the model again") from error
    if not isinstance(found, dict) or "format" not in found:
        raise FoiError(f"{path}: no description of an exported model; export it again")
    return found


def _open_export(place: epath.Path, metadata: Mapping[str, Any]) -> OpenedModel:
    if metadata["format"] != "saved_model":
        raise FoiError(
            f"{place}: written as {metadata['format']} for other libraries, see its README.md; "
            "open the link that it was exported from"
        )
    try:
        loaded = tf.saved_model.load(str(place))
    except Exception as error:  # TensorFlow raises many kinds for files that are damaged.
        raise FoiError(f"{place}: cannot be opened ({describe_error(error)})") from error
    return OpenedModel(metadata, dict(loaded.signatures))
