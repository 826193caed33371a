"""Defines the flags of foi-plan and checks that they agree."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._plan import shared_flags
from foi_tf.bin._shared import setting_flags, training_flags
from foi_tf.study import variation
from foi_tf.study.dataset import TABLE3
from foi_tf.study.results import SCRATCH
from foi_tf.study.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Mapping


def define(values: flags.FlagValues) -> None:
    """Defines the flags of foi-plan."""
    place = {"flag_values": values}
    flags.DEFINE_enum(
        "collection",
        "paper",
        ["paper", "mini", "own", TABLE3],
        "Datasets of the study. paper: the paper's; mini: the rendered ones; own: all in "
        f"--data_dir; {TABLE3}: the tasks of Table 3, which are no part of the grid.",
        **place,
    )
    setting_flags.define(values)
    _define_choice_of_chains(values)
    flags.DEFINE_string(
        "init",
        "",
        "Initial weights of all chains: a name of foi-weights list, a link's directory, a "
        "checkpoint, or ilsvrc:contrastive; by default the classification pre-training in "
        "--workdir.",
        **place,
    )
    flags.DEFINE_list(
        "seeds",
        ["0"],
        "Seeds of the target runs, comma-separated; pre-training and source runs use the first, "
        "unless --vary names source.",
        **place,
    )
    training_flags.define_variation(values, tuple(variation.KINDS), "What --seeds vary")
    flags.DEFINE_string(
        "results",
        "",
        "Directory of result rows to estimate costs from; by default costs are scaled from the "
        "paper's pre-training.",
        **place,
    )
    _define_output(values)
    shared_flags.define(values)
    flags.register_multi_flags_validator(
        [
            "count", "stages", "cost", "memory", "subset", "coverage", "quick_test", "results",
            "seeds", "init", "setting", "baselines",
        ],
        functools.partial(_check, values),
        **place,
    )  # fmt: skip
    flags.register_multi_flags_validator(
        ["scenario", "init", "quick_test", "subset", "pairs", "backbone"],
        functools.partial(_check_scenario, values),
        **place,
    )
    flags.register_multi_flags_validator(
        ["collection", *_OF_CHAINS], functools.partial(_check_validation, values), **place
    )


# Flags that Table 3 has no use for, since it has no chains with a source.
_OF_CHAINS = (
    "setting", "pairs", "scenario", "sources", "sample", "baselines", "quick_test", "count",
    "cost", "subset", "vary",
)  # fmt: skip


def _define_choice_of_chains(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_enum(
        "pairs",
        "within_type",
        ["within_type", "cross_type", "all"],
        "Pairs of sources and targets to plan: of the same task type, of different ones, or all.",
        **place,
    )
    flags.DEFINE_enum(
        "scenario",
        None,
        list(SCENARIOS),
        "Scenario of Appendix B to plan; by default the main study.",
        **place,
    )
    for name in ("sources", "targets"):
        flags.DEFINE_list(
            name,
            [],
            f"{name.capitalize()} to plan, comma-separated: tasks as coco:segmentation, or task "
            "types; by default all.",
            **place,
        )
    flags.DEFINE_integer(
        "sample",
        None,
        "Number of chains to keep of those across both task types and domains; by default all.",
        0,
        **place,
    )
    flags.DEFINE_bool(
        "baselines",
        False,
        "Plan only the chains without a source, with their pre-training.",
        **place,
    )
    flags.DEFINE_bool(
        "quick_test",
        False,
        "Plan the full setting without the sources that had a negative gain in the small setting "
        "(finding A9); needs --results.",
        **place,
    )


def _define_output(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_bool(
        "count",
        False,
        "Print numbers of chains and targets by domain and task type, instead of commands.",
        **place,
    )
    flags.DEFINE_bool(
        "stages",
        False,
        "Print a table: stage, line, lines that it needs, chip-hours and their basis, group of "
        "commands that share a training step, command.",
        **place,
    )
    flags.DEFINE_bool(
        "cost",
        False,
        "Print the cost of each source for each of its targets, instead of commands.",
        **place,
    )
    flags.DEFINE_bool(
        "memory",
        False,
        "Print a table instead of commands: for each task and kind of device the GiB that a "
        "training step needs by estimate, and the --micro_batch that fits (- for none needed).",
        **place,
    )
    flags.DEFINE_string(
        "subset",
        "",
        "Task, as camvid:segmentation: print the ids of the images that it trains on in "
        "--setting, instead of commands.",
        **place,
    )
    flags.DEFINE_bool(
        "coverage",
        False,
        "With --subset: print its classes and their numbers of images, instead of image ids.",
        **place,
    )


def _check(values: flags.FlagValues, given: Mapping) -> bool:
    if sum(bool(given[name]) for name in ("count", "stages", "cost", "memory", "subset")) > 1:
        raise flags.ValidationError("give one of --count, --stages, --cost, --memory and --subset")
    if given["coverage"] and not given["subset"]:
        raise flags.ValidationError("--coverage goes with --subset")
    if given["quick_test"] and given["subset"]:
        raise flags.ValidationError("--quick_test goes without --subset")
    if given["subset"] and len(given["seeds"]) > 1:
        raise flags.ValidationError("--subset shows the images of one seed; give one by --seeds")
    if given["quick_test"] and not given["results"]:
        raise flags.ValidationError("--quick_test needs --results")
    if given["quick_test"] and values["setting"].present and given["setting"] != "full":
        raise flags.ValidationError("--quick_test is for the full setting; leave --setting out")
    if given["count"] and given["baselines"]:
        raise flags.ValidationError("--count counts chains with a source; leave --baselines out")
    if not given["seeds"] or not all(seed.isdecimal() for seed in given["seeds"]):
        raise flags.ValidationError("--seeds must be whole numbers, as 0,1,2")
    if len(set(given["seeds"])) < len(given["seeds"]):
        raise flags.ValidationError("--seeds names a seed twice")
    if given["init"] == SCRATCH:
        raise flags.ValidationError(
            "--init=scratch has no baseline; every plan has the targets from scratch already"
        )
    return True


def _check_scenario(values: flags.FlagValues, given: Mapping) -> bool:
    if not given["scenario"]:
        return True
    name, scenario = f"--scenario={given['scenario']}", SCENARIOS[given["scenario"]]
    if given["quick_test"] or given["subset"]:
        raise flags.ValidationError(f"{name} goes without --quick_test and --subset")
    if values["pairs"].present:
        raise flags.ValidationError(f"{name} has pairs of its own; leave --pairs out")
    if scenario.backbone and values["backbone"].present:
        raise flags.ValidationError(f"{name} uses {scenario.backbone}; leave --backbone out")
    if scenario.init and not given["init"]:
        raise flags.ValidationError(
            f"{name} needs --init: ilsvrc:contrastive, or self-supervised weights from elsewhere"
        )
    return True


def _check_validation(values: flags.FlagValues, given: Mapping) -> bool:
    if given["collection"] != TABLE3:
        return True
    for name in _OF_CHAINS:
        if values[name].present:
            raise flags.ValidationError(
                f"--collection={TABLE3} plans single tasks, each by itself; leave --{name} out"
            )
    return True
