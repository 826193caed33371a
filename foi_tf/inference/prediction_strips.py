"""Draws strips: an image, its annotation and the predictions of models, side by side."""

from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf
from etils import epath

from foi_tf.data.convert import folder_listing, image_files, raw_files
from foi_tf.data.inspect import contact_sheet, visualize
from foi_tf.data.inspect.contact_sheet import Tile
from foi_tf.data.inspect.palette import class_color
from foi_tf.data.records import schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.read_examples import read_examples
from foi_tf.errors import FoiError
from foi_tf.inference.opened_model import OpenedModel
from foi_tf.inference.predicted_annotation import make_annotation
from foi_tf.study.dataset import Dataset
from foi_tf.study.grid import choose_subset

MIN_SCORE = 0.3  # Least score of an object that is drawn; ours.
_LEGEND = 40  # Number of classes up to which their colors are explained; ours.

Models = Mapping[str, OpenedModel]


def find_task_type(models: Models) -> str:
    """Finds the task type that all models predict.

    Raises:
      FoiError: a model is a backbone alone, or two models predict other things.
    """
    kinds = {name: model.metadata.get("task_type") for name, model in models.items()}
    for name, kind in kinds.items():
        if kind is None or "predict" not in models[name].functions:
            raise FoiError(f"{name}: a backbone without a head; name the link of a target")
    if len(set(kinds.values())) > 1:
        said = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        raise FoiError(f"models of one task type can stand side by side, not {said}")
    return next(iter(kinds.values()))


def read_prepared(
    prepared: PreparedDataset, task_type: str, split: str, count: int
) -> Iterator[schema.Example]:
    """Reads images of a prepared dataset with their annotation, the same at every call.

    Raises:
      FoiError: no image of the split is annotated for the task type.
    """
    annotated = prepared.annotated_ids(split, task_type)
    if not annotated:
        raise FoiError(f"{prepared.dataset.id}: no {task_type} annotations in {split}")
    yield from read_examples(prepared, split, frozenset(choose_subset(annotated, count)))


def read_folder(folder: epath.PathLike, count: int) -> Iterator[schema.Example]:
    """Reads the first images of a folder and its subfolders, by name, without annotation.

    Raises:
      FoiError: there is no image, or one is broken.
    """
    folder = epath.Path(folder)
    names = [
        name
        for name in folder_listing.list_names(folder)
        if name.lower().endswith(raw_files.IMAGE_SUFFIXES)
    ]
    if not names:
        raise FoiError(f"{folder}: no images in it ({', '.join(raw_files.IMAGE_SUFFIXES)})")
    for name in names[:count]:
        data, size = image_files.read_image(folder / name)
        image = tf.io.decode_image(data, channels=3, expand_animations=False).numpy()
        yield {"id": name, "image": image, "size": size}


def draw_strip(
    example: schema.Example,
    models: Models,
    dataset: Dataset | None = None,
    *,
    height: int = 200,
    min_score: float = MIN_SCORE,
) -> np.ndarray:
    """Draws an image, its annotation and the prediction of each model.

    Args:
      example: of `read_prepared` or `read_folder`.
      models: models of one task type, by the names that stand below their predictions.
      dataset: the row of the example's annotation; None draws no annotation.
      height: of the pictures in pixels.
      min_score: least score of an object that is drawn.

    Returns:
      uint8 [H, W, 3] RGB, with the colors of the classes below.
    """
    task_type = find_task_type(models)
    bare = {name: example[name] for name in ("id", "image", "size")}
    image = contact_sheet.resize_to_height(np.ascontiguousarray(example["image"]), height)
    tiles, limits = [Tile(image, example["id"])], None
    if dataset is not None:
        fields = {f.name: example[f.name] for f in schema.fields_of(task_type)}
        limits = _find_limits(task_type, fields)
        tiles.append(_draw(bare | fields, dataset, height, limits, "annotation"))
    rows = {}
    for name, model in models.items():
        rows[name] = describe_classes(model, task_type)
        found = {key: x[0] for key, x in model.predict(example["image"][None]).items()}
        predicted, said = make_annotation(task_type, found, min_score)
        limits = limits or _find_limits(task_type, predicted)
        tiles.append(_draw(bare | predicted, rows[name], height, limits, f"{name}{said}"))
    strip = contact_sheet.compose_sheet([tiles])
    names = (dataset or next(iter(rows.values()))).names.get(task_type, ())
    colored = task_type not in ("depth", "classification") and len(names) <= _LEGEND
    if not names or not colored:
        return strip
    colors = [class_color(index) for index in range(len(names))]
    legend = contact_sheet.draw_legend(names, colors, strip.shape[1] - 8)
    return contact_sheet.compose_sheet([tiles, [Tile(legend, "")]])


def describe_classes(model: OpenedModel, task_type: str) -> Dataset:
    """Makes the row of the classes that a model predicts, from its metadata."""
    facts = model.metadata
    return Dataset(
        id=str(facts["task"]).partition(":")[0],
        domain=facts["domain"],
        train=facts["training_images"],
        val=0,
        classes={task_type: facts["classes"]},
        names={task_type: tuple(facts["class_names"])} if facts["class_names"] else {},
    )


def _draw(
    example: schema.Example,
    dataset: Dataset,
    height: int,
    limits: tuple[float, float] | None,
    caption: str,
) -> Tile:
    """Draws the annotation of one task type, and its own numbers after the caption."""
    own = visualize.draw_tiles(example, dataset, height, limits)[-1]
    said = own.caption.removeprefix(f"{example['id']}: ")
    shown = said not in (example["id"], *schema.known_task_types())
    return Tile(own.image, f"{caption}: {said}" if shown else caption)


def _find_limits(task_type: str, fields: Mapping[str, np.ndarray]) -> tuple[float, float] | None:
    field = schema.find_field(task_type, schema.Geometry.REAL_MAP)
    return visualize.find_limits(fields[field.name]) if field else None
