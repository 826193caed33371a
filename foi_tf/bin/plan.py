"""foi-plan: a study as shell commands, one a line, each after those that it needs.

  foi-plan --collection=mini --setting=small --data_dir=D --workdir=W | bash
  foi-plan --setting=full --pairs=all --count
  foi-plan --collection=own --data_dir=D --targets=mine:segmentation --stages
  foi-plan --scenario=self_supervised --init=weights/simclr --workdir=W2
  foi-plan --quick_test --results=W/results
  foi-plan --subset=camvid:segmentation --data_dir=D [--coverage]

--count prints the numbers of chains and targets by domain and task type, --stages the commands
with what a scheduler wants to know (stage, line, lines that it needs, chip-hours, and the group
of commands that share a training step in one foi-run), and --cost what each source costs each of
its targets. --baselines leaves only the chains without a source, which learning rates can be
chosen by (foi-rates), and --sample some of the many chains across both task types and domains.
--quick_test leaves out of the full setting which sources were negative in the small one.
--scenario repeats a part of the study as Appendix B does, in a --workdir of its own: fixed_size
(every input 713 x 713, or --crop), resnet50, self_supervised and self_supervised_chain. --init
takes initial weights, a link's directory or a checkpoint, in place of a pre-training in the
workdir, or is ilsvrc:contrastive for one without labels.
--subset prints the ids of the images that a setting trains on: a source's with
--setting=small_source, else a target's; with --coverage their classes.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._plan import quick_test, subset
from foi_tf.bin._shared import console, training_flags
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.results import NO_SOURCE, SCRATCH
from foi_tf.study.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foi_tf.study.costs import Cost
    from foi_tf.study.dataset import Dataset
    from foi_tf.study.grid import Chain
    from foi_tf.study.plan import PlannedRun

_SHARED = flags.FlagValues()  # What goes into the commands.
training_flags.define_study(_SHARED)
training_flags.define_selection(_SHARED)
training_flags.define_crop(_SHARED)
_SHARED.set_default("data_dir", "data")
_SHARED.set_default("workdir", "work")

VALUES = flags.FlagValues()
VALUES.append_flag_values(_SHARED)
_PLACE = {"flag_values": VALUES}
training_flags.define_setting(VALUES)
flags.DEFINE_enum(
    "collection", "paper", ["paper", "mini", "own"], "Whose datasets; own: all of --data_dir.",
    **_PLACE,
)  # fmt: skip
flags.DEFINE_enum(
    "pairs", "within_type", ["within_type", "cross_type", "all"], "Of sources and targets.",
    **_PLACE,
)  # fmt: skip
flags.DEFINE_enum("scenario", None, list(SCENARIOS), "What of Appendix B.", **_PLACE)
flags.DEFINE_string("init", "", "Initial weights of all chains.", **_PLACE)
flags.DEFINE_list(
    "sources", [], "Only these, as coco:segmentation, or of a task type; all if empty.", **_PLACE
)
flags.DEFINE_list("targets", [], "Only these; all if empty.", **_PLACE)
flags.DEFINE_integer(
    "sample", None, "So many of the chains across both task types and domains; all by default.",
    0, **_PLACE,
)  # fmt: skip
flags.DEFINE_bool("baselines", False, "Only the chains without a source.", **_PLACE)
flags.DEFINE_list("seeds", ["0"], "Of targets; all else has the first.", **_PLACE)
flags.DEFINE_string("results", "", "Directory of result rows, to learn costs from.", **_PLACE)
flags.DEFINE_bool("count", False, "Numbers of chains and targets only.", **_PLACE)
flags.DEFINE_bool("stages", False, "Commands behind stage, line, needs and cost.", **_PLACE)
flags.DEFINE_bool("cost", False, "What sources cost instead of commands.", **_PLACE)
flags.DEFINE_bool("quick_test", False, "Only what the small setting has left over.", **_PLACE)
flags.DEFINE_string("subset", "", "Task whose training images are to be named.", **_PLACE)
flags.DEFINE_bool("coverage", False, "Classes in the subset instead of ids.", **_PLACE)


def _check(given: Mapping) -> bool:
    if sum(bool(given[name]) for name in ("count", "stages", "cost", "subset")) > 1:
        raise flags.ValidationError("give one of --count, --stages, --cost and --subset")
    if given["coverage"] and not given["subset"]:
        raise flags.ValidationError("--coverage goes with --subset")
    if given["quick_test"] and given["subset"]:
        raise flags.ValidationError("--quick_test goes without --subset")
    if given["quick_test"] and not given["results"]:
        raise flags.ValidationError("--quick_test needs --results")
    if given["quick_test"] and VALUES["setting"].present and given["setting"] != "full":
        raise flags.ValidationError("--quick_test is for the full setting; leave --setting out")
    if given["count"] and given["baselines"]:
        raise flags.ValidationError("--count is of chains with a source; leave --baselines out")
    if not given["seeds"] or not all(seed.isdecimal() for seed in given["seeds"]):
        raise flags.ValidationError("--seeds must be whole numbers, as 0,1,2")
    if len(set(given["seeds"])) < len(given["seeds"]):
        raise flags.ValidationError("--seeds must differ")
    if given["init"] == SCRATCH:
        raise flags.ValidationError("--init=scratch has no baseline; targets from scratch are "
                                    "in every plan")  # fmt: skip
    return True


def _check_scenario(given: Mapping) -> bool:
    if not given["scenario"]:
        return True
    name, scenario = f"--scenario={given['scenario']}", SCENARIOS[given["scenario"]]
    if given["quick_test"] or given["subset"]:
        raise flags.ValidationError(f"{name} goes without --quick_test and --subset")
    if VALUES["pairs"].present:
        raise flags.ValidationError(f"{name} has pairs of its own; leave --pairs out")
    if scenario.backbone and VALUES["backbone"].present:
        raise flags.ValidationError(f"{name} is on {scenario.backbone}; leave --backbone out")
    if scenario.init and not given["init"]:
        raise flags.ValidationError(
            f"{name} needs --init: ilsvrc:contrastive, or self-supervised weights from elsewhere"
        )
    return True


flags.register_multi_flags_validator(
    [
        "count",
        "stages",
        "cost",
        "subset",
        "coverage",
        "quick_test",
        "results",
        "seeds",
        "init",
        "setting",
        "baselines",
    ],
    _check,
    **_PLACE,
)


flags.register_multi_flags_validator(
    ["scenario", "init", "quick_test", "subset", "pairs", "backbone"], _check_scenario, **_PLACE
)


def main() -> None:
    """The console script."""
    console.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    if values.subset:
        subset.show(values)
        return
    from foi_tf.study import grid, plan

    datasets = _datasets(values)
    setting = "full" if values.quick_test else values.setting
    if values.scenario:
        every = _scenario_chains(values, datasets)
    else:
        every = grid.chains(datasets, setting, values.pairs)
    chains = plan.select_chains(every, values.sources, values.targets)
    if values.sample is not None:
        chains = plan.sample_chains(chains, datasets, values.sample)
    results = _results(values)
    if values.quick_test:
        own = results[results.init == _init_name(values.init)]
        chains = quick_test.left(own, chains, values.results)
    if values.count:
        console.print_table(
            ["domain", "type", "chains", "targets"], plan.count_chains(chains, datasets)
        )
        return
    seeds = [int(seed) for seed in values.seeds]
    runs = plan.build_plan(datasets, setting, chains, seeds, values.init, _init_name(values.init))
    if values.baselines:
        runs, chains = plan.baseline_runs(runs), []
    costs = _costs(values, datasets, runs, results)
    _say_total(runs, costs, chains)
    if values.cost:
        _print_shares(runs, costs)
    elif values.stages:
        _print_stages(values, runs, costs)
    else:
        print("\n".join(_command(values, run) for run in runs))


def _datasets(values: flags.FlagValues) -> Mapping[str, Dataset]:
    if values.collection == "paper":
        from foi_tf.study.registry import DATASETS

        return DATASETS
    if values.collection == "mini":
        from foi_tf.miniworld.datasets import DATASETS

        return DATASETS
    from foi_tf.data.records import prepared_datasets

    found = prepared_datasets.load_dataset_rows(values.data_dir)
    if not found:
        raise FoiError(f"{values.data_dir}: no prepared datasets; foi-prepare makes them")
    if "ilsvrc" not in found and not values.init:
        console.print_note(
            f"{values.data_dir} has no ilsvrc: foi-pretrain has to be run before the plan"
        )
    return found


def _scenario_chains(values: flags.FlagValues, datasets: Mapping[str, Dataset]) -> list[Chain]:
    """The chains of --scenario, whose backbone and input size become the commands'."""
    scenario = SCENARIOS[values.scenario]
    if scenario.backbone:
        values.backbone = scenario.backbone
    if scenario.crop and not values.crop:
        values.crop = list(map(str, scenario.crop))
    return scenario.chains(datasets, values.setting)


def _init_name(init: str) -> str:
    if not init:
        return NO_SOURCE
    from foi_tf.chains import initial_weights

    return initial_weights.name_weights(init)


def _results(values: flags.FlagValues):
    if not values.results:
        return None
    from foi_tf.study import results

    frame = results.load(values.results)
    own = frame[frame.backbone == values.backbone]
    if own.empty:
        raise unknown_name_error(
            "backbone", values.backbone, frame.backbone.unique(), where=values.results
        )
    return own


def _costs(
    values: flags.FlagValues, datasets: Mapping[str, Dataset], runs: Sequence[PlannedRun], results
) -> list[Cost]:
    from foi_tf.study import configuration, costs

    study = costs.CostModel(
        datasets=datasets,
        config=configuration.load_config(
            values.config or values.collection, datasets, training_flags.crop(values)
        ),
        backbone=values.backbone,
        select=values.select_lr,
    )
    prices = study.prices(results, values.strategy)
    return [study.cost(run, prices) for run in runs]


def _say_total(runs: Sequence[PlannedRun], costs: Sequence[Cost], chains: Sequence[Chain]) -> None:
    hours: dict[str, float] = {}
    for one in costs:
        hours[one.basis] = hours.get(one.basis, 0.0) + one.chip_hours
    total = sum(hours.values())
    bases = ", ".join(f"{own:.4g} by {basis}" for basis, own in hours.items())
    of = f"{len(runs)} commands for {len(chains)} chains with a source"
    console.print_note(f"{of}; {total:.4g} chip-hours ({bases})")


def _command(values: flags.FlagValues, run: PlannedRun) -> str:
    given = [
        values[name].serialize()
        for name in _SHARED
        if name not in ("select_lr", "crop") or run.program != "pretrain"
        if name in ("data_dir", "workdir") or values[name].value != _SHARED[name].default
    ]
    return shlex.join([f"foi-{run.program}", *given, *run.arguments()])


def _print_stages(
    values: flags.FlagValues, runs: Sequence[PlannedRun], costs: Sequence[Cost]
) -> None:
    from foi_tf.study import plan

    rows = [
        (
            run.stage,
            place + 1,
            ",".join(str(needed + 1) for needed in run.needs) or "-",
            f"{one.chip_hours:.4g}",
            one.basis,
            group + 1,
            _command(values, run),
        )
        for place, (run, one, group) in enumerate(
            zip(runs, costs, plan.group_runs(runs), strict=True)
        )
    ]
    console.print_table(["stage", "line", "needs", "chip_hours", "basis", "group", "command"], rows)


def _print_shares(runs: Sequence[PlannedRun], costs: Sequence[Cost]) -> None:
    from foi_tf.study.costs import shares

    frame = shares(runs, costs)
    names = ["source", "chip_hours", "percent_of_pretraining", "targets", "chip_hours_a_target"]
    print(frame.to_csv(sep="\t", index=False, header=names, float_format="%.4g"), end="")


if __name__ == "__main__":
    main()
