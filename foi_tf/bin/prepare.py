"""foi-prepare: raw files, or the rendered collection, to TFRecords; and looking at either.

  foi-prepare --dataset=camvid --raw_dir=R --data_dir=D
  foi-prepare --collection=mini --data_dir=D [--dataset=camvid,coco]
  foi-prepare --format=masks --raw_dir=R --name=mine --domain=driving --data_dir=D
Prints a line for each dataset: id, training images, validation images, directory.

  foi-prepare --check --dataset=camvid --raw_dir=R
  foi-prepare --check --format=masks --raw_dir=R
Writes nothing and prints a line for each part: ok or missing, split, expected, found, what;
then what is wrong, and where the dataset comes from. Exits with 1 unless all is there.

  foi-prepare --describe=mine --data_dir=D [--out=O]
  foi-prepare --overlap=mine,other --data_dir=D --out=O
Print JSON: counts and frequencies, and the path of a contact sheet; or how many images two
prepared datasets share (one with itself, if it is named twice), and the paths of a table
and a contact sheet.
"""

from __future__ import annotations

import functools
import json
import os
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared.program import Program
from foi_tf.errors import FoiError
from foi_tf.study.choices import FORMATS
from foi_tf.study.dataset import DOMAINS

if TYPE_CHECKING:
    from foi_tf.data.convert.entry import RawDataset

_SOURCE = ("collection", "dataset", "format", "raw_dir", "name", "domain", "val_fraction")


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_string("data_dir", None, "Where records are.", flag_values=values)
    flags.DEFINE_enum(
        "collection",
        None,
        ["paper", "mini"],
        "The paper's datasets (so with --raw_dir), or the rendered ones, which come with us.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "dataset",
        [],
        "Which of its datasets: one of the paper's; of the rendered ones all if empty.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "format", [], f"Of own data, one or several of {', '.join(FORMATS)}.", flag_values=values
    )
    flags.DEFINE_string(
        "raw_dir", None, "The folder of own data, or of a publisher's.", flag_values=values
    )
    flags.DEFINE_string("name", None, "The id of own data from now on.", flag_values=values)
    flags.DEFINE_enum("domain", None, DOMAINS, "The image domain of own data.", flag_values=values)
    flags.DEFINE_float(
        "val_fraction",
        None,
        "Share of the images to validate on, where the folder has no val split.",
        0.0,
        1.0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "workers", os.cpu_count(), "Processes that convert.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_string(
        "beam_runner",
        None,
        "An Apache Beam runner that converts instead, as in DirectRunner.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "beam_options", [], "Of Beam's pipeline, as in region=europe-west4.", flag_values=values
    )
    flags.DEFINE_bool("check", False, "Inspect --raw_dir only.", flag_values=values)
    flags.DEFINE_string("describe", None, "A prepared dataset to look at.", flag_values=values)
    flags.DEFINE_list(
        "overlap", [], "Two prepared datasets whose images are compared.", flag_values=values
    )
    flags.DEFINE_string(
        "out", None, "Where tables and sheets go; by default --data_dir.", flag_values=values
    )
    flags.register_multi_flags_validator(
        [
            *_SOURCE,
            "data_dir",
            "check",
            "describe",
            "overlap",
            "out",
            "beam_runner",
            "beam_options",
            "workers",
        ],
        functools.partial(_agree, values),
        flag_values=values,
    )


def _is_given(values: dict, *names: str) -> bool:
    # A fraction of 0 is given, and wrong.
    return any(values[name] is not None and values[name] != [] for name in names)


def _agree(parsed: flags.FlagValues, values: dict) -> bool:
    """Whether the flags make one of the commands above; says what is wrong otherwise."""
    source = _is_given(values, *_SOURCE)
    if source + bool(values["describe"]) + bool(values["overlap"]) != 1:
        raise flags.IllegalFlagValueError("give what to prepare, or --describe, or --overlap")
    if not values["check"] and not values["data_dir"]:
        raise flags.IllegalFlagValueError("--data_dir is missing")
    if values["check"] and (values["data_dir"] or not values["raw_dir"]):
        raise flags.IllegalFlagValueError("--check goes with --raw_dir, and without --data_dir")
    if values["out"] and source:
        raise flags.IllegalFlagValueError("--out goes with --describe or --overlap")
    if values["overlap"] and len(values["overlap"]) != 2:
        raise flags.IllegalFlagValueError(
            "--overlap takes two datasets, as in --overlap=mine,other"
        )
    if values["beam_options"] and not values["beam_runner"]:
        raise flags.IllegalFlagValueError("--beam_options go with --beam_runner")
    if values["beam_runner"] and (values["check"] or not source):
        raise flags.IllegalFlagValueError("--beam_runner goes with what is to be prepared")
    if parsed["workers"].present and (values["beam_runner"] or values["check"] or not source):
        raise flags.IllegalFlagValueError(
            "--workers goes with what is to be prepared, without --beam_runner"
        )
    return not source or _sources_agree(values)


def _sources_agree(values: dict) -> bool:
    wanted = "--format, --raw_dir, --name and --domain go together, for own data"
    if _is_given(values, "format", "name", "domain", "val_fraction"):
        if values["collection"] or values["dataset"]:
            raise flags.IllegalFlagValueError(f"{wanted}, without --collection and --dataset")
        needed = ("format",) if values["check"] else ("format", "raw_dir", "name", "domain")
        if not all(values[name] for name in needed):
            raise flags.IllegalFlagValueError(wanted)
    elif values["collection"] == "mini":
        if values["raw_dir"]:
            raise flags.IllegalFlagValueError("--collection=mini is rendered, and has no --raw_dir")
    elif not values["raw_dir"] or len(values["dataset"]) != 1:
        raise flags.IllegalFlagValueError(
            "--dataset names the one of the paper's datasets that --raw_dir holds"
        )
    return True


def _main(values: flags.FlagValues) -> None:
    if values.check:
        _check(values)
    elif values.describe:
        from foi_tf.data.inspect import describe
        from foi_tf.data.records import prepared_datasets

        found = prepared_datasets.load_prepared(values.data_dir, values.describe)
        place = f"{values.out or values.data_dir}/{found.dataset.id}.png"
        print(json.dumps(describe.describe_dataset(found, place), indent=1))
    elif values.overlap:
        _overlap(values)
    else:
        _prepare(values)


def _prepare(values: flags.FlagValues) -> None:
    from foi_tf.data.convert import builder
    from foi_tf.data.convert.workers import Workers

    with Workers(values.workers) as workers:
        for folder in _folders(values):
            done = builder.build_records(
                folder,
                values.data_dir,
                workers=workers,
                beam_runner=values.beam_runner,
                beam_options=values.beam_options,
            )
            row = done.dataset
            print(row.id, row.train, row.val, done.directory, sep="\t", flush=True)


def _folders(values: flags.FlagValues) -> list[RawDataset]:
    from foi_tf import miniworld
    from foi_tf.data.convert import custom_dataset, layouts, rendered_scenes

    if values.collection == "mini":
        return [
            rendered_scenes.find_rendered_dataset(name)
            for name in values.dataset or miniworld.DATASETS
        ]
    if values.format:
        given = (values.raw_dir, values.format, values.name, values.domain, values.val_fraction)
        return [custom_dataset.find_custom_dataset(*given)]
    return [layouts.find_published_dataset(values.dataset[0], values.raw_dir)]


def _check(values: flags.FlagValues) -> None:
    from foi_tf.data.convert import inventory

    if values.format:
        found = inventory.inspect_custom(values.raw_dir, values.format, values.val_fraction)
    else:
        found = inventory.inspect_published(values.dataset[0], values.raw_dir)
    for part in found.parts:
        expected = "-" if part.expected is None else part.expected
        status = "ok" if part.is_whole else "missing"
        print(status, part.split or "all", expected, part.found, part.what, sep="\t")
    for problem in found.problems:
        print("wrong", problem, sep="\t")
    for name in ("home", "terms"):
        if text := getattr(found, name):
            print(name, text, sep="\t")
    if not found.is_whole:
        missing = sum(not part.is_whole for part in found.parts)
        raise FoiError(
            f"{values.raw_dir}: {missing} of {len(found.parts)} parts missing, "
            f"{len(found.problems)} wrong" + (f"; see {found.home}" if found.home else "")
        )


def _overlap(values: flags.FlagValues) -> None:
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
        json.dumps(
            duplicate_table.write_duplicates(overlap.find_duplicates(a, b), a, b, out), indent=1
        )
    )


PROGRAM = Program("foi-prepare", __doc__, _define_flags, _main)


def main() -> None:
    """Runs the console script."""
    PROGRAM.main()


if __name__ == "__main__":
    main()
