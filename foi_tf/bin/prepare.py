"""foi-prepare: raw files, or the rendered collection, to TFRecords.

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
    "collection", None, ["mini"], "A collection that comes with us.", flag_values=VALUES
)
flags.DEFINE_list("dataset", [], "Which of its datasets; all if empty.", flag_values=VALUES)
flags.DEFINE_list(
    "format", [], f"Of own data, one or several of {', '.join(FORMATS)}.", flag_values=VALUES
)
flags.DEFINE_string("raw_dir", None, "The folder of own data.", flag_values=VALUES)
flags.DEFINE_string("name", None, "Its id from now on.", flag_values=VALUES)
flags.DEFINE_enum("domain", None, DOMAINS, "Its image domain.", flag_values=VALUES)
flags.DEFINE_float(
    "val_fraction",
    None,
    "Share of the images to validate on, where the folder has no val split.",
    0.0,
    1.0,
    flag_values=VALUES,
)
flags.mark_flag_as_required("data_dir", VALUES)


def _exclusive(values: dict) -> bool:
    return bool(values["collection"]) != bool(values["format"])


flags.register_multi_flags_validator(
    ["collection", "format"],
    _exclusive,
    "give either --collection or --format",
    flag_values=VALUES,
)
flags.register_multi_flags_validator(
    ["format", "raw_dir", "name", "domain", "val_fraction"],
    lambda v: (
        all([v["raw_dir"], v["name"], v["domain"]])
        if v["format"]
        else not any([v["raw_dir"], v["name"], v["domain"], v["val_fraction"]])
    ),
    "--format goes with --raw_dir, --name and --domain, and these with --format",
    flag_values=VALUES,
)
flags.register_multi_flags_validator(
    ["collection", "dataset"],
    lambda v: v["collection"] or not v["dataset"],
    "--dataset goes with --collection",
    flag_values=VALUES,
)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data import builder

    if values.collection:
        from foi_tf.data import miniworld, rendered

        names = values.dataset or list(miniworld.DATASETS)
        for name in names:
            if name not in miniworld.DATASETS:
                raise unknown("dataset", name, miniworld.DATASETS)
        with rendered.renderer() as examples:
            for name in names:
                row = miniworld.DATASETS[name]
                _report(builder.build(row, examples(name), values.data_dir))
    else:
        from foi_tf.data import own

        folder = own.find(
            values.raw_dir, values.format, values.name, values.domain, values.val_fraction
        )
        _report(builder.build(folder.dataset, folder.examples, values.data_dir))


def _report(done: prepared.Prepared) -> None:
    row = done.dataset
    print(row.id, row.train, row.val, done.directory, sep="\t", flush=True)


if __name__ == "__main__":
    main()
