"""foi-prepare: raw files, or the rendered collection, to TFRecords.

  foi-prepare --dataset=camvid --raw_dir=R --data_dir=D
  foi-prepare --collection=mini --data_dir=D [--dataset=camvid,coco]
  foi-prepare --format=masks --raw_dir=R --name=mine --domain=driving --data_dir=D

Prints a line for each dataset: id, training images, validation images, directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin import cli
from foi_tf.errors import unknown
from foi_tf.study.dataset import DOMAINS
from foi_tf.study.options import FORMATS

if TYPE_CHECKING:
    from foi_tf.data import prepared

VALUES = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "Where records go.", flag_values=VALUES)
flags.DEFINE_enum(
    "collection",
    None,
    ["paper", "mini"],
    "The paper's datasets (so with --raw_dir), or the rendered ones, which come with us.",
    flag_values=VALUES,
)
flags.DEFINE_list(
    "dataset",
    [],
    "Which of its datasets: one of the paper's; of the rendered ones all if empty.",
    flag_values=VALUES,
)
flags.DEFINE_list(
    "format", [], f"Of own data, one or several of {', '.join(FORMATS)}.", flag_values=VALUES
)
flags.DEFINE_string(
    "raw_dir", None, "The folder of own data, or of a publisher's.", flag_values=VALUES
)
flags.DEFINE_string("name", None, "The id of own data from now on.", flag_values=VALUES)
flags.DEFINE_enum("domain", None, DOMAINS, "The image domain of own data.", flag_values=VALUES)
flags.DEFINE_float(
    "val_fraction",
    None,
    "Share of the images to validate on, where the folder has no val split.",
    0.0,
    1.0,
    flag_values=VALUES,
)
flags.mark_flag_as_required("data_dir", VALUES)


def _is_own(values: dict) -> bool:
    own_flags = ("format", "name", "domain")
    return any(values[name] for name in own_flags) or values["val_fraction"] is not None


flags.register_multi_flags_validator(
    ["collection", "format", "raw_dir", "name", "domain", "val_fraction"],
    lambda v: (
        not v["collection"] and all([v["format"], v["raw_dir"], v["name"], v["domain"]])
        if _is_own(v)
        else (v["collection"] == "mini") != bool(v["raw_dir"])
    ),
    "give --collection=mini, or --raw_dir with --dataset, or with --format, --name and --domain",
    flag_values=VALUES,
)
flags.register_multi_flags_validator(
    ["collection", "dataset", "raw_dir", "format"],
    lambda v: (
        len(v["dataset"]) == (0 if v["format"] else 1)
        if v["raw_dir"] and v["collection"] != "mini"
        else True
    ),
    "--dataset names the one of the paper's datasets that --raw_dir holds",
    flag_values=VALUES,
)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data import builder, layouts, own

    if values.collection == "mini":
        _prepare_mini(values)
        return
    if values.format:
        folder = own.find(
            values.raw_dir, values.format, values.name, values.domain, values.val_fraction
        )
    else:
        (name,) = values.dataset
        folder = layouts.find(name, values.raw_dir)
    _report(builder.build(folder.dataset, folder.examples, values.data_dir))


def _prepare_mini(values: flags.FlagValues) -> None:
    from foi_tf.data import builder, miniworld, rendered

    names = values.dataset or list(miniworld.DATASETS)
    for name in names:
        if name not in miniworld.DATASETS:
            raise unknown("dataset", name, miniworld.DATASETS)
    with rendered.renderer() as examples:
        for name in names:
            row = miniworld.DATASETS[name]
            _report(builder.build(row, examples(name), values.data_dir))


def _report(done: prepared.Prepared) -> None:
    row = done.dataset
    print(row.id, row.train, row.val, done.directory, sep="\t", flush=True)


if __name__ == "__main__":
    main()
