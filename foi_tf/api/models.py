"""Exports and opens trained models: the part of the front door for users of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foi_tf.api.arguments import Place, check_name, expand_places
from foi_tf.errors import FoiError
from foi_tf.study import choices

if TYPE_CHECKING:
    from foi_tf.api.runs import Run
    from foi_tf.inference.opened_model import OpenedModel


@expand_places
def export(
    model: Place | Run,
    out: Place,
    *,
    data_dir: Place = "",
    format: str = "saved_model",
    frozen: bool = False,
    backbone: str | None = None,
    precision: str | None = None,
    license: str = "",
) -> dict[str, Any]:
    """Writes a trained model for other programs, with a model card.

    Args:
      model: a run, the directory of a link, or a checkpoint.
      out: directory to write, which must not exist.
      data_dir: directory of the prepared datasets; a link needs it, a checkpoint does not.
      format: "saved_model", or "safetensors" with timm's names (HRNetV2 only).
      frozen: folds batch normalization and makes weights constants: faster, and final.
      backbone: of a checkpoint, by default "hrnet_w48"; a link knows its own.
      precision: number format that layers compute in; by default the link's.
      license: license of the weights, for the model card.

    Returns:
      The metadata that was written with it.

    Raises:
      FoiError: something is missing or does not fit together, or `out` exists.
    """
    from foi_tf.inference.export import open_trained_model, write_model

    check_name("format", format, choices.EXPORTS)
    if format != "saved_model" and (frozen or precision):
        raise FoiError("export: frozen and precision go with format='saved_model'")
    opened = open_trained_model(
        model, data_dir=data_dir, backbone=backbone, precision=precision, license=license
    )
    return write_model(opened, out, format, frozen=frozen)


@expand_places
def open_model(
    place: Place | Run,
    *,
    data_dir: Place = "",
    backbone: str | None = None,
    precision: str | None = None,
) -> OpenedModel:
    """Opens a model for prediction.

    Args:
      place: directory of an export (a SavedModel), a run, a link's directory, or a checkpoint.
      data_dir, backbone, precision: as for `export`; an export needs none of them.

    Returns:
      An object with `predict` and `get_features`, which take uint8 images [B, H, W, 3], and
      `metadata`.

    Raises:
      FoiError: nothing that can be opened is there.
    """
    from foi_tf.inference import opened_model

    return opened_model.open_for_prediction(
        place, data_dir=data_dir, backbone=backbone, precision=precision
    )
