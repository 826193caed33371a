"""foi-prepare: converts raw images and annotations to TFRecords, and describes datasets.

  foi-prepare --dataset=camvid --raw_dir=R --data_dir=D
  foi-prepare --collection=mini --data_dir=D [--dataset=camvid,coco]
  foi-prepare --format=masks --raw_dir=R --name=mine --domain=driving --data_dir=D
These prepare one of the paper's datasets, the rendered ones, or your own data. They print a line
for each dataset: id, training images, validation images, directory.

  foi-prepare --check --dataset=camvid --raw_dir=R
  foi-prepare --check --format=masks --raw_dir=R
These inspect a raw folder and write nothing. They print a line for each part: ok or missing,
split, expected files, found files, description; then each error ("wrong") and each thing that may
be wrong ("doubt"), and where to get the dataset.
They exit with 1 unless the folder is complete. Without --format, the format of own data is
recognized and said; if several fit, that is an error.

  foi-prepare --describe=mine --data_dir=D [--out=O]
prints counts and frequencies of a prepared dataset, and the path of a contact sheet, as JSON.

  foi-prepare --overlap=mine,other --data_dir=D --out=O
prints how many images two prepared datasets share, and the paths of a table and a contact sheet,
as JSON. A dataset that is named twice is compared with itself.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._prepare import flag_agreement
from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import Program
from foi_tf.errors import FoiError
from foi_tf.progress import warn
from foi_tf.study.choices import FORMATS
from foi_tf.study.dataset import DOMAINS, OTHER_DOMAIN

if TYPE_CHECKING:
    from foi_tf.data.convert.entry import RawDataset


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string(
        "data_dir",
        None,
        "Directory of the prepared datasets, to write to or to read from.",
        **place,
    )
    flags.DEFINE_enum(
        "collection",
        None,
        ["paper", "mini"],
        "Collection to prepare. paper: the paper's datasets, from --raw_dir; mini: the rendered "
        "ones, which need no files.",
        **place,
    )
    flags.DEFINE_list(
        "dataset",
        [],
        "Datasets of the collection, comma-separated: one of the paper's, or any of the rendered "
        "ones; by default all of the rendered ones. nyuv2, bdd_mseg, city_mseg, coco_mseg, "
        "pcontext_mseg and scannet_mseg are validation tasks of Table 3, no part of the grid.",
        **place,
    )
    flags.DEFINE_list(
        "format",
        [],
        f"Formats of your own data in --raw_dir, comma-separated: {', '.join(FORMATS)}. By default "
        "the one that fits.",
        **place,
    )
    flags.DEFINE_string(
        "raw_dir", None, "Folder of your own data, or of a published dataset.", **place
    )
    flags.DEFINE_string("name", None, "Id to give to your own data, as mine.", **place)
    flags.DEFINE_enum("domain", None, DOMAINS, "Image domain of your own data.", **place)
    flags.DEFINE_float(
        "val_fraction",
        None,
        "Share (0 to 1) of the training images to validate on, for own data without a val split.",
        0.0,
        1.0,
        **place,
    )
    flags.DEFINE_string(
        "colors",
        None,
        "File with the color of each class in the masks of --format=masks: JSON as "
        '{"road": [128, 64, 128]}, or a labelmap.txt of CVAT. By default the one in --raw_dir.',
        **place,
    )
    flags.DEFINE_integer(
        "workers",
        os.cpu_count(),
        "Number of processes that convert images; by default one for each CPU core.",
        1,
        **place,
    )
    flags.DEFINE_string(
        "beam_runner",
        None,
        "Apache Beam runner that converts images instead of --workers, as DirectRunner.",
        **place,
    )
    flags.DEFINE_list(
        "beam_options",
        [],
        "Options of the Beam pipeline, comma-separated, as region=europe-west4.",
        **place,
    )
    flags.DEFINE_bool("check", False, "Inspect --raw_dir and write nothing.", **place)
    flags.DEFINE_string("describe", None, "Prepared dataset to describe.", **place)
    flags.DEFINE_list(
        "overlap",
        [],
        "Two prepared datasets, comma-separated, to search for images that both have.",
        **place,
    )
    flags.DEFINE_string(
        "out", None, "Directory for tables and contact sheets; by default --data_dir.", **place
    )
    flags.register_multi_flags_validator(
        [
            *flag_agreement.SOURCE,
            "data_dir",
            "check",
            "describe",
            "overlap",
            "out",
            "beam_runner",
            "beam_options",
            "workers",
        ],
        functools.partial(flag_agreement.check_agreement, values),
        flag_values=values,
    )


def _main(values: flags.FlagValues) -> None:
    if values.check:
        _check_raw_folder(values)
    elif values.describe:
        from foi_tf.data.inspect import describe
        from foi_tf.data.records import prepared_datasets

        found = prepared_datasets.load_prepared(values.data_dir, values.describe)
        place = f"{values.out or values.data_dir}/{found.dataset.id}.png"
        print(console.format_json(describe.describe_dataset(found, place), indent=1))
    elif values.overlap:
        _find_overlap(values)
    else:
        _prepare(values)


def _prepare(values: flags.FlagValues) -> None:
    from foi_tf.data.convert import builder
    from foi_tf.data.convert.workers import Workers

    with Workers(values.workers) as workers:
        for raw in _find_raw_datasets(values):
            done = builder.build_records(
                raw,
                values.data_dir,
                workers=workers,
                beam_runner=values.beam_runner,
                beam_options=values.beam_options,
            )
            row = done.dataset
            print(row.id, row.train, row.val, done.directory, sep="\t", flush=True)


def _find_raw_datasets(values: flags.FlagValues) -> list[RawDataset]:
    from foi_tf import miniworld
    from foi_tf.data.convert import custom_dataset, layouts, rendered_scenes

    if values.collection == "mini":
        return [
            rendered_scenes.find_rendered_dataset(name)
            for name in values.dataset or miniworld.DATASETS
        ]
    if not values.dataset:
        given = (
            values.raw_dir,
            _choose_formats(values),
            values.name,
            values.domain,
            values.val_fraction,
        )
        return [custom_dataset.find_custom_dataset(*given, values.colors)]
    return [layouts.find_published_dataset(values.dataset[0], values.raw_dir)]


def _choose_formats(values: flags.FlagValues) -> list[str]:
    """Returns the formats that are given, or the one that fits the folder."""
    from foi_tf.data.convert import format_detection

    if values.format:
        return values.format
    (found,) = format_detection.choose_format(values.raw_dir)
    warn(f"{values.raw_dir}: no --format is given; read with --format={found}")
    return [found]


def _check_raw_folder(values: flags.FlagValues) -> None:
    from foi_tf.data.convert import inventory

    if not values.dataset:
        given = (values.raw_dir, _choose_formats(values), values.val_fraction, values.colors)
        found = inventory.inspect_custom(*given, values.domain or OTHER_DOMAIN)
    else:
        found = inventory.inspect_published(values.dataset[0], values.raw_dir)
    for part in found.parts:
        expected = "-" if part.expected is None else part.expected
        status = "ok" if part.is_whole else "missing"
        print(status, part.split or "all", expected, part.found, part.what, sep="\t")
    for problem in found.problems:
        print("wrong", problem, sep="\t")
    for warning in found.warnings:
        print("doubt", warning, sep="\t")
    for name in ("home", "terms"):
        if text := getattr(found, name):
            print(name, text, sep="\t")
    if not found.is_whole:
        missing = sum(not part.is_whole for part in found.parts)
        raise FoiError(
            f"{values.raw_dir}: missing parts: {missing} of {len(found.parts)}, "
            f"errors: {len(found.problems)}" + (f"; see {found.home}" if found.home else "")
        )


def _find_overlap(values: flags.FlagValues) -> None:
    from foi_tf.data.inspect import overlap
    from foi_tf.data.inspect.overlap import duplicate_table
    from foi_tf.data.records import prepared_datasets

    first, second = (
        prepared_datasets.load_prepared(values.data_dir, name) for name in values.overlap
    )
    a = overlap.read_prints(first)
    b = a if first.dataset.id == second.dataset.id else overlap.read_prints(second)
    out = values.out or values.data_dir
    print(
        console.format_json(
            duplicate_table.write_duplicates(overlap.find_duplicates(a, b), a, b, out), indent=1
        )
    )


PROGRAM = Program("foi-prepare", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
