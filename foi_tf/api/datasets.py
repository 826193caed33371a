"""Prepares datasets: the part of the front door for data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from etils import epath

from foi_tf.api.arguments import Place, check_name, expand_places
from foi_tf.errors import FoiError

if TYPE_CHECKING:
    from foi_tf.data.convert.entry import RawDataset
    from foi_tf.data.records.prepared_datasets import PreparedDataset


@expand_places
def prepare(
    raw_dir: Place = "",
    *,
    data_dir: Place,
    format: str | Sequence[str] = (),
    domain: str = "",
    name: str = "",
    val_fraction: float | None = None,
    colors: str | None = None,
    dataset: str = "",
    collection: str = "",
    images: int | None = None,
    workers: int = 1,
) -> PreparedDataset:
    """Converts one dataset to TFRecords, unless that was done before (Section 3.5).

    There are three forms: a folder of yours (`raw_dir`, `format`, `domain`), the folder of a
    publisher (`raw_dir`, `dataset`), and a dataset of the rendered collection
    (`collection="mini"`, `dataset`).

    Args:
      raw_dir: folder of the raw images and annotations.
      data_dir: directory of the prepared datasets.
      format: one or several of `foi_tf.study.choices.FORMATS`, such as "masks" or
        ["coco", "masks"]; by default the one that fits the folder.
      domain: one of `foi_tf.study.dataset.DOMAINS`.
      name: id of the dataset; by default the name of the folder.
      val_fraction: share of the images to validate on, if the folder has no val split.
      colors: file with the color of each class in masks, for the format "masks".
      dataset: id of one of the datasets of the paper, or of their rendered counterparts.
      collection: "mini", or "" for the other forms.
      images: keeps at most so many images of each split, the first ones, for trials.
      workers: number of processes that convert.

    Returns:
      The prepared dataset; its `dataset` is the row with sizes, classes, input size (height,
      width) and channel statistics.

    Raises:
      FoiError: the arguments are of no form, a file is missing or wrong, or `data_dir` has
        another dataset of that name.
    """
    from foi_tf.data.convert import builder
    from foi_tf.data.convert.workers import Workers

    formats = [format] if isinstance(format, str) and format else list(format)
    raw = _find_raw_dataset(
        raw_dir, formats, domain, name, val_fraction, colors, dataset, collection
    )
    if images is not None:
        raw = _keep_first_images(raw, images)
    with Workers(workers) as pool:
        return builder.build_records(raw, data_dir, workers=pool)


def _find_raw_dataset(
    raw_dir: Place,
    formats: Sequence[str],
    domain: str,
    name: str,
    val_fraction: float | None,
    colors: str | None,
    dataset: str,
    collection: str,
) -> RawDataset:
    """Finds the files of one of the three forms that `prepare` takes."""
    from foi_tf.data.convert import custom_dataset, format_detection, layouts, rendered_scenes

    if collection:
        check_name("collection", collection, ["mini"])
    own = bool(formats or domain or name or val_fraction is not None or colors)
    form = (bool(raw_dir), own, bool(dataset), bool(collection))
    if form == (True, True, False, False) and domain:
        formats = formats or format_detection.choose_format(raw_dir)
        identifier = name or epath.Path(raw_dir).name
        return custom_dataset.find_custom_dataset(
            raw_dir, formats, identifier, domain, val_fraction, colors
        )
    if form == (True, False, True, False):
        return layouts.find_published_dataset(dataset, raw_dir)
    if form == (False, False, True, True):
        return rendered_scenes.find_rendered_dataset(dataset)
    raise FoiError(
        "prepare: give raw_dir, format and domain for a folder of yours; raw_dir and dataset for "
        "a publisher's folder; or collection='mini' and dataset"
    )


def _keep_first_images(raw: RawDataset, images: int) -> RawDataset:
    splits = {split: entries[:images] for split, entries in raw.splits.items()}
    sizes = {split: len(entries) for split, entries in splits.items()}
    row = dataclasses.replace(raw.dataset, **sizes, split_sizes={})
    return dataclasses.replace(raw, dataset=row, splits=splits)
