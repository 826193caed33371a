"""foi-plan: prints a study as shell commands, one a line, each after those that it needs.

  foi-plan --collection=mini --setting=small --data_dir=D --workdir=W | foi-run
  foi-plan --setting=full --pairs=all --count
  foi-plan --collection=own --data_dir=D --targets=mine:segmentation --stages
  foi-plan --scenario=self_supervised --init=weights/simclr --workdir=W2
  foi-plan --quick_test --results=W/results
  foi-plan --memory --setting=small --precision=bfloat16
  foi-plan --subset=camvid:segmentation --data_dir=D [--coverage]
  foi-plan --collection=table3 --data_dir=D --workdir=W

The number of commands and their estimated cost go to stderr. --count, --stages, --cost, --memory
and --subset print something else than commands. --baselines keeps the chains without a source, from
which foi-rates chooses learning rates. --scenario plans a part of the study as Appendix B
repeats it, in a --workdir of its own: fixed_size (every input 713x713, or --crop), resnet50,
self_supervised and self_supervised_chain. --subset prints a source's images with
--setting=small_source, else a target's. --collection=table3 plans the tasks that Table 3
validates, each from ILSVRC'12 alone on all its images; --targets selects some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foi_tf.bin._plan import memory_table, plan_flags, quick_test, subset
from foi_tf.bin._plan.shared_flags import SharedFlags
from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import Program
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import variation
from foi_tf.study.dataset import TABLE3
from foi_tf.study.results import NO_SOURCE
from foi_tf.study.scenarios import SCENARIOS
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from absl import flags

    from foi_tf.study.configuration import Config
    from foi_tf.study.costs import Cost
    from foi_tf.study.dataset import Dataset
    from foi_tf.study.grid import Chain
    from foi_tf.study.plan import PlannedRun


def _print_plan(values: flags.FlagValues) -> None:
    if values.subset:
        subset.print_subset(values)
        return
    if values.collection == TABLE3:
        _print_validation_plan(values)
        return
    from foi_tf.study import chain_choice, grid, plan

    datasets = _load_datasets(values)
    shared = SharedFlags.parsed(values)
    setting = "full" if values.quick_test else values.setting or _choose_setting(values, datasets)
    if values.scenario:
        scenario = SCENARIOS[values.scenario]
        shared = shared.with_scenario(scenario)
        every = scenario.chains(datasets, setting)
    else:
        every = grid.chains(datasets, setting, values.pairs)
    chains = chain_choice.select_chains(every, values.sources, values.targets)
    if values.sample is not None:
        chains = chain_choice.sample_chains(chains, datasets, values.sample)
    results = _load_results(values.results, shared["backbone"])
    if values.quick_test:
        own = results[results.init == _name_init(values.init)]
        chains = quick_test.keep_promising(own, chains, values.results)
    if values.count:
        console.print_table(
            ["domain", "type", "chains", "targets"], chain_choice.count_chains(chains, datasets)
        )
        return
    _check_backbone(values.init, shared["backbone"])
    seeds = [int(seed) for seed in values.seeds]
    vary = variation.parse_variation(values.vary)
    init_name = _name_init(values.init)
    config = _load_config(shared, values.collection, datasets)
    runs = plan.build_plan(
        datasets, setting, chains, seeds, values.init, init_name, vary,
        is_same_for_both=lambda task: config.link_of_source(task).schedule.is_same_for_both(),
    )  # fmt: skip
    if values.baselines:
        runs, chains = plan.baseline_runs(runs), []
    costs = _estimate_costs(shared, values.collection, datasets, runs, results)
    _print_total(runs, costs, chains)
    if values.memory:
        memory_table.print_memory(shared, config, datasets, runs)
    elif values.cost:
        _print_shares(runs, costs)
    elif values.stages:
        _print_stages(shared, runs, costs)
    else:
        print("\n".join(shared.command(run) for run in runs))


def _print_validation_plan(values: flags.FlagValues) -> None:
    """Prints the runs of Table 3."""
    from foi_tf.study import chain_choice, plan
    from foi_tf.study.validation_tasks import PUBLISHED, VALIDATION_TASKS

    shared = SharedFlags.parsed(values)
    tasks = chain_choice.select_tasks(VALIDATION_TASKS, values.targets)
    seeds = [int(seed) for seed in values.seeds]
    runs = plan.build_plan_without_sources(PUBLISHED, tasks, seeds, values.init)
    results = _load_results(values.results, shared["backbone"])
    costs = _estimate_costs(shared, "paper", PUBLISHED, runs, results)
    _print_total(runs, costs, [])
    if values.memory:
        config = _load_config(shared, "paper", PUBLISHED)
        memory_table.print_memory(shared, config, PUBLISHED, runs)
    elif values.stages:
        _print_stages(shared, runs, costs)
    else:
        print("\n".join(shared.command(run) for run in runs))


def _load_datasets(values: flags.FlagValues) -> Mapping[str, Dataset]:
    if values.collection == "paper":
        from foi_tf.study.registry import DATASETS

        return DATASETS
    if values.collection == "mini":
        from foi_tf.miniworld.datasets import DATASETS

        return DATASETS
    from foi_tf.data.records import prepared_datasets

    found = {
        name: row
        for name, row in prepared_datasets.load_dataset_rows(values.data_dir).items()
        if row.collection != TABLE3  # Which are no part of a study.
    }
    if not found:
        raise FoiError(f"{values.data_dir}: no prepared datasets; foi-prepare makes them")
    if "ilsvrc" not in found and not values.init:
        console.print_note(
            f"{values.data_dir} has no ilsvrc: run foi-pretrain before the commands of the plan"
        )
    return found


def _choose_setting(values: flags.FlagValues, datasets: Mapping[str, Dataset]) -> str:
    """Returns the setting where none is given; --targets may name tasks, or types of them."""
    from foi_tf.study import grid

    named = {target.partition(":")[0] for target in values.targets if ":" in target}
    tasks = grid.structured_tasks(datasets)
    return grid.default_setting(
        datasets[task.dataset] for task in tasks if not named or task.dataset in named
    )


def _check_backbone(init: str, backbone: str) -> None:
    """Refuses published weights of another backbone, with which no command would run."""
    from foi_tf.study.published_weights import PUBLISHED

    if init in PUBLISHED and PUBLISHED[init].backbone != backbone:
        own = PUBLISHED[init].backbone
        raise FoiError(f"--init={init}: weights of {own}, but --backbone={backbone}; give {own}")


def _name_init(init: str) -> str:
    """Returns the name of initial weights in result rows."""
    if not init:
        return NO_SOURCE
    from foi_tf.chains import initial_weights

    return initial_weights.name_weights(init)


def _load_results(directory: str, backbone: str):
    """Loads the result rows of a backbone; returns None without a directory."""
    if not directory:
        return None
    from foi_tf.study import results

    frame = results.load(directory)
    own = frame[frame.backbone == backbone]
    if own.empty:
        raise unknown_name_error("backbone", backbone, frame.backbone.unique(), where=directory)
    return own


def _load_config(shared: SharedFlags, collection: str, datasets: Mapping[str, Dataset]) -> Config:
    from foi_tf.study import configuration
    from foi_tf.study.validation_tasks import PUBLISHED

    # A configuration may name any of these, besides the datasets of the plan.
    known = {*PUBLISHED, *datasets}
    return configuration.load_config(
        shared["config"] or collection, known, shared["crop"], shared["set"]
    )


def _estimate_costs(
    shared: SharedFlags,
    collection: str,
    datasets: Mapping[str, Dataset],
    runs: Sequence[PlannedRun],
    results,
) -> list[Cost]:
    from foi_tf.study import costs

    model = costs.CostModel(
        datasets=datasets,
        config=_load_config(shared, collection, datasets),
        backbone=shared["backbone"],
        select=shared["select_lr"],
    )
    prices = model.measure_prices(results, shared["strategy"])
    return [model.estimate(run, prices) for run in runs]


def _print_total(
    runs: Sequence[PlannedRun], costs: Sequence[Cost], chains: Sequence[Chain]
) -> None:
    hours: dict[str, float] = {}
    for cost in costs:
        hours[cost.basis] = hours.get(cost.basis, 0.0) + cost.chip_hours
    total = sum(hours.values())
    bases = ", ".join(f"{own:.4g} by {basis}" for basis, own in hours.items())
    console.print_note(
        f"{count_noun(len(runs), 'command')} for {count_noun(len(chains), 'chain')} with a source; "
        f"{total:.4g} chip-hours ({bases})"
    )


def _print_stages(shared: SharedFlags, runs: Sequence[PlannedRun], costs: Sequence[Cost]) -> None:
    from foi_tf.study import plan

    rows = [
        (
            run.stage,
            place + 1,
            ",".join(str(needed + 1) for needed in run.needs) or "-",
            f"{cost.chip_hours:.4g}",
            cost.basis,
            group + 1,
            shared.command(run),
        )
        for place, (run, cost, group) in enumerate(
            zip(runs, costs, plan.group_runs(runs), strict=True)
        )
    ]
    console.print_table(["stage", "line", "needs", "chip_hours", "basis", "group", "command"], rows)


def _print_shares(runs: Sequence[PlannedRun], costs: Sequence[Cost]) -> None:
    from foi_tf.study.costs import planned_source_costs

    frame = planned_source_costs(runs, costs)
    names = [
        "source", "chip_hours", "percent_of_pretraining", "targets", "chip_hours_a_target", "basis",
    ]  # fmt: skip
    print(frame.to_csv(sep="\t", index=False, header=names, float_format="%.4g"), end="")


PROGRAM = Program("foi-plan", __doc__, plan_flags.define, _print_plan)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
