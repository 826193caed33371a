"""foi-compare: says what a target should start from: random weights, a pre-training or a source.

  foi-compare --target=mine/ --sources=other/,more/ --init=hrnet_w18_imagenet --budget=2h
  foi-compare --target=mine --data_dir=D --workdir=W --dry_run

--target and --sources name folders of images with annotations, or prepared datasets, with :TYPE
where they have several task types, as mine/:detection. Folders are checked and prepared in
--data_dir. Without --sources, prepared datasets of the target's task type are compared, the best
by foi-recommend's advice.

Each start runs once, of many sources the first by foi-recommend's advice. Then comes the run that
is expected to gain most, until one start is the best with a probability of --confidence, no other
is expected to be 2 % better, more seeds gain little, or --budget is spent. Links and result rows
are those of foi-source and foi-target in --workdir: what is trained there is not trained again,
several workers share the work, and the same command goes on after an interruption.
Writes the page report.html to --out, and all numbers to comparison.json beside it. Prints the path
of the page; where no start had a result there is none, and it prints that of comparison.json.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import console, duration_flag, setting_flags, training_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import choices
from foi_tf.study.dataset import DOMAINS

if TYPE_CHECKING:
    from foi_tf.comparison.planning import ComparisonPlan, Request


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string(
        "target", None, "Folder or prepared dataset to compare starts for, as mine/.", **place
    )
    require(values, "target")
    flags.DEFINE_list(
        "sources",
        [],
        "Folders or prepared datasets to start from, comma-separated; by default the best-ranked "
        "ones that are prepared.",
        **place,
    )
    flags.DEFINE_string(
        "init",
        "",
        "Weights to start from: a name of foi-weights list, a link's directory, a checkpoint, "
        "scratch for random weights, or ilsvrc:contrastive for the self-supervised pre-training "
        "in --workdir; by default the classification pre-training in --workdir, which is trained "
        "if there is an ilsvrc.",
        **place,
    )
    duration_flag.define_duration(values, "budget", "Time that the whole comparison may take.")
    flags.DEFINE_float(
        "confidence",
        0.9,
        "Probability from which the choice counts as sure, above 0.5 and below 1.",
        0.5,
        0.999,
        **place,
    )
    flags.DEFINE_integer("seeds", 10, "Seeds of a start at most.", 1, 100, **place)
    flags.DEFINE_list(
        "images",
        [],
        "Numbers of target images to compare the starts with, comma-separated, as 25,50,100,all; "
        "by default those of --setting alone.",
        **place,
    )
    flags.register_validator(
        "images",
        lambda given: all(one == "all" or re.fullmatch(r"[1-9]\d{0,8}", one) for one in given),
        "must be numbers of images, or all, as 25,50,100,all",
        flag_values=values,
    )
    flags.DEFINE_string(
        "out", "report", "Directory for the page report.html and comparison.json.", **place
    )
    flags.DEFINE_bool("dry_run", False, "Print the runs and their forecast, and stop.", **place)
    flags.DEFINE_enum(
        "collection",
        "",
        ["", "mini"],
        "Collection in which names are found that are neither folders nor prepared datasets. mini: "
        "the rendered one. By default such names are refused.",
        **place,
    )
    flags.DEFINE_list(
        "domains",
        [],
        "Image domains of folders, comma-separated, as mine=driving,other=consumer; one of "
        f"{', '.join(DOMAINS)}. By default other.",
        **place,
    )
    flags.DEFINE_float(
        "val_fraction",
        0.25,
        "Share (0 to 1) of the training images to validate on, for folders without a val split.",
        0.01,
        0.9,
        **place,
    )
    training_flags.define_study(values)
    training_flags.define_selection(values)
    training_flags.define_crop(values)
    setting_flags.define(values)
    values.set_default("data_dir", "data")
    values.set_default("workdir", "work")
    values.set_default("steps_per_loop", choices.COMPARISON_PACE.steps_per_loop)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.comparison import planning

    plan = planning.plan_comparison(_make_request(values))
    if values.dry_run:
        _print_plan(plan)
        return
    from foi_tf.comparison import outcome

    print(outcome.compare(plan).path)


def _make_request(values: flags.FlagValues) -> Request:
    from foi_tf.comparison.inputs import DataOptions
    from foi_tf.comparison.planning import Request
    from foi_tf.comparison.settings import Settings

    _take_backbone_of_weights(values)
    strategy = None if values.dry_run else training_flags.create_strategy(values)
    return Request(
        target=values.target,
        sources=values.sources,
        options=DataOptions(
            data_dir=values.data_dir,
            collection=values.collection,
            domains=_parse_domains(values.domains),
            val_fraction=values.val_fraction,
            workers=os.cpu_count() or 1,
        ),
        settings=Settings(
            data_dir=values.data_dir,
            workdir=values.workdir,
            config=values.config,
            overrides=tuple(values.set),
            crop=values.crop,
            backbone=values.backbone,
            precision=values.precision,
            micro_batch=values.micro_batch,
            rematerialize=values.rematerialize,
            select_lr=values.select_lr,
            init=values.init,
            setting=values.setting,
            strategy=strategy,
            pace=training_flags.make_pace(values, strategy),
        ),
        budget=values.budget,
        confidence=values.confidence,
        seeds=values.seeds,
        images=[None if one == "all" else int(one) for one in values.images],
        out=values.out,
        device_flags=[
            values[name].serialize() for name in training_flags.OF_DEVICES if values[name].present
        ],
    )


def _take_backbone_of_weights(values: flags.FlagValues) -> None:
    """Sets --backbone to that of published weights where it is not given."""
    from foi_tf.study.published_weights import PUBLISHED

    if values["backbone"].present or values.init not in PUBLISHED:
        return
    values.backbone = PUBLISHED[values.init].backbone
    console.print_note(
        f"--init={values.init}: weights of {values.backbone}, which is taken as --backbone"
    )


def _parse_domains(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        folder, equals, domain = text.partition("=")
        if not equals:
            raise FoiError(f"--domains={text}: must be FOLDER=DOMAIN, as mine=driving")
        if domain not in DOMAINS:
            raise unknown_name_error("domain", domain, DOMAINS, where=f"--domains={text}")
        found[folder.rstrip("/")] = domain
    return found


def _print_plan(plan: ComparisonPlan) -> None:
    """Prints a line for each run of the first round, in the order in which they come."""
    from foi_tf.comparison import race_loop

    rows, said = race_loop.forecast_plan(plan)
    console.print_table(["link", "seconds", "run"], rows)
    console.print_note(said)


PROGRAM = Program("foi-compare", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
