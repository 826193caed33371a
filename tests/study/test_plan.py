import collections
import itertools

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import chain_choice, grid, plan
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS


def plan_of(setting, pairs="within_type", seeds=(0,), vary=("init", "order"), **chosen):
    chains = chain_choice.select_chains(
        grid.chains(DATASETS, setting, pairs),
        chosen.get("sources", ()),
        chosen.get("targets", ()),
    )
    return plan.build_plan(DATASETS, setting, chains, seeds, vary=vary)


def test_counts_are_those_of_tables_7_and_8():
    for setting, within, targets in (("small", 64, 22), ("full", 78, 26)):
        counts = chain_choice.count_chains(grid.chains(DATASETS, setting), DATASETS)
        assert counts == [
            ("all", "all", within + 242, 27),
            ("within", "within", within, targets),
            ("within", "cross", 0, 0),
            ("cross", "within", 242, 27),
            ("cross", "cross", 0, 0),
        ]


@pytest.mark.parametrize("setting", grid.SETTINGS)
@pytest.mark.parametrize("pairs", ["within_type", "all"])
def test_every_run_comes_after_what_it_needs_in_a_later_stage(setting, pairs):
    runs = plan_of(setting, pairs, seeds=(0, 1))
    for place, run in enumerate(runs):
        for needed in run.needs:
            assert needed < place and runs[needed].stage < run.stage
        assert run.stage == ["pretrain", "source", "target"].index(run.program)
        if run.program == "source" or run.source == "ilsvrc":
            assert run.needs == (0,)
        elif run.source == "scratch":
            assert run.needs == ()
        elif run.program == "target":
            (source,) = run.needs
            assert (runs[source].program, str(runs[source].task)) == ("source", run.source)
    assert runs[0].program == "pretrain"
    assert [run.stage for run in runs] == sorted(run.stage for run in runs)
    assert len({(run.program, run.task, run.source, run.seed) for run in runs}) == len(runs)


def test_a_small_plan_has_all_chains_and_baselines():
    runs = plan_of("small")
    kinds = collections.Counter((run.program, run.source in ("ilsvrc", "scratch")) for run in runs)
    assert kinds == {
        ("pretrain", False): 1,
        ("source", False): 27 + 1,  # Two sets would serve their own members alone.
        ("target", True): 2 * 27,
        ("target", False): 306,
    }


def test_a_full_source_is_the_baseline_of_its_task():
    runs = plan_of("full", seeds=(3, 4))
    baselines = [run for run in runs if run.source == "ilsvrc"]
    assert {run.seed for run in baselines} == {4} and len(baselines) == 27
    assert all(run.seed == 3 for run in runs if run.program != "target")
    one = plan_of("full", sources=["coco:segmentation"], targets=["camvid:segmentation"])
    assert [(run.program, run.source) for run in one] == [
        ("pretrain", ""), ("source", ""), ("target", "scratch"), ("target", "ilsvrc"),
        ("target", "coco:segmentation"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vary", "same", "seeds"),
    [
        (("init", "order"), True, {4}),
        (("init", "order"), False, {3, 4}),
        (("order",), True, {3, 4}),
        (("init", "order", "source"), True, set()),
        (("init", "order", "source"), False, {3, 4}),
    ],
)
def test_a_full_source_that_is_trained_otherwise_is_no_baseline(vary, same, seeds):
    runs = plan.build_plan(
        DATASETS, "full", list(grid.chains(DATASETS, "full")), (3, 4), vary=vary,
        is_same_for_both=lambda task: same,
    )  # fmt: skip
    alone = [(run.task, run.seed) for run in runs if run.source == "ilsvrc"]
    assert {seed for _, seed in alone} == seeds and len(alone) == 27 * len(seeds)
    found = [(run.task, run.seed) for run in plan.baseline_runs(runs) if run.program != "pretrain"]
    assert len(set(found)) == len(found) == 27 * 2


def seeds_of(runs, program, **wanted):
    return [
        run.seed
        for run in runs
        if run.program == program and all(getattr(run, k) == v for k, v in wanted.items())
    ]


def test_seeds_vary_source_models_where_asked():
    chosen = {"sources": ["city:segmentation"], "targets": ["camvid:segmentation"]}
    runs = plan_of("small", seeds=(3, 4), vary=("init", "order", "source"), **chosen)
    assert seeds_of(runs, "pretrain") == [3] and seeds_of(runs, "source") == [3, 4]
    targets = [run for run in runs if run.source == "city:segmentation"]
    needed = [runs[place] for run in targets for place in run.needs]
    assert [(run.program, run.seed) for run in needed] == [("source", 3), ("source", 4)]
    assert targets[0].arguments()[-1] == "--vary=init,order,source"
    assert runs[1].arguments() == [
        "--source=city:segmentation", "--setting=small", "--seed=3",
    ]  # fmt: skip
    assert seeds_of(plan_of("small", seeds=(3, 4), **chosen), "source") == [3]


def test_subsets_of_sources_vary_with_their_models_alone():
    chosen = {"sources": ["city:segmentation"], "targets": ["camvid:segmentation"]}
    for vary, expected in (
        (("init", "order", "subset", "source"), "--vary=init,order,subset"),
        (("init", "order", "subset"), "--seed=0"),
    ):
        runs = plan_of("small_source", vary=vary, **chosen)
        assert runs[1].arguments()[-1] == expected


def test_chains_without_a_source_run_once_if_seeds_vary_nothing_in_them():
    chosen = {"sources": ["city:segmentation"], "targets": ["camvid:segmentation"]}
    runs = plan_of("small", seeds=(0, 1), vary=("source",), **chosen)
    assert seeds_of(runs, "target", source="ilsvrc") == [0]
    assert seeds_of(runs, "target", source="city:segmentation") == [0, 1]
    runs = plan_of("full", seeds=(0, 1), vary=("subset", "source"), **chosen)
    assert seeds_of(runs, "target", source="scratch") == [0]


def test_arguments_are_what_the_programs_take():
    runs = plan_of("small_source", sources=["coco:segmentation"], targets=["ade:segmentation"])
    assert [run.arguments() for run in runs] == [
        ["--seed=0"],
        ["--source=coco:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=scratch", "--target=ade:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=ilsvrc", "--target=ade:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=coco:segmentation", "--target=ade:segmentation", "--setting=small_source",
         "--seed=0"],
    ]  # fmt: skip


def test_without_ilsvrc_nothing_is_pretrained():
    own = {name: DATASETS[name] for name in ("camvid", "coco")}
    runs = plan.build_plan(own, "small", grid.chains(own, "small"))
    assert {run.program for run in runs} == {"source", "target"}
    assert [run.needs for run in runs if run.program == "source"] == [()] * 2


def test_a_name_that_is_no_source_or_target_is_said():
    with pytest.raises(FoiError, match="unknown target of this setting 'camvit:segmentation'"):
        plan_of("small", targets=["camvit:segmentation"])
    # A multi-source model does not serve its own members with few images.
    with pytest.raises(FoiError, match="no chain has such a source and such a target"):
        plan_of("small", sources=["multi:segmentation"], targets=["coco:segmentation"])
    assert Task("coco", "segmentation") in {
        run.task for run in plan_of("full", sources=["multi:segmentation"])
    }


def test_a_self_supervised_chain_begins_with_its_own_pretraining():
    name = "ilsvrc:contrastive"
    chain = grid.Chain(Task("coco", "contrastive"), Task("camvid", "segmentation"))
    runs = plan.build_plan(DATASETS, "small", [chain], init=name, init_name=name)
    assert [(run.program, run.arguments()[:-1], run.needs) for run in runs] == [
        ("pretrain", ["--task_type=contrastive"], ()),
        ("source", ["--source=coco:contrastive", "--setting=small", f"--init={name}"], (0,)),
        ("target", ["--source=scratch", "--target=camvid:segmentation", "--setting=small"], ()),
        ("target", ["--source=ilsvrc", "--target=camvid:segmentation", "--setting=small",
                    f"--init={name}"], (0,)),
        ("target", ["--source=coco:contrastive", "--target=camvid:segmentation",
                    "--setting=small", f"--source_init={name}"], (1,)),
    ]  # fmt: skip


def test_runs_that_share_a_training_step_are_a_group_and_stand_together():
    runs = plan_of("small", seeds=(0, 1))
    groups = plan.group_runs(runs)
    assert [number for number, _ in itertools.groupby(groups)] == sorted(set(groups))
    targets = collections.defaultdict(set)
    for run, group in zip(runs, groups, strict=True):
        targets[group].add((run.program, run.task))
    assert all(len(kinds) == 1 for kinds in targets.values())
    assert len(targets) == 1 + 28 + 27
    assert {len(plan.baseline_runs(runs))} == {1 + 2 * 27}


def test_a_sample_is_the_same_ones_each_time_and_of_far_chains_alone():
    chains = list(grid.chains(DATASETS, "small", "all"))
    some, more = (chain_choice.sample_chains(chains, DATASETS, count) for count in (10, 20))
    assert set(some) < set(more) < set(chains) and len(more) == len(some) + 10
    left_out = set(chains) - set(more)
    assert not any(x.within_type or x.within_domain(DATASETS) for x in left_out)
    assert chain_choice.sample_chains(reversed(chains), DATASETS, 10) == some[::-1]
    assert chain_choice.sample_chains(chains, DATASETS, 10**6) == chains


def test_tasks_are_chosen_by_name_or_type():
    every = grid.chains(DATASETS, "full")
    chains = chain_choice.select_chains(every, [], ["depth", "coco:keypoints"])
    assert {chain.target.type for chain in chains} == {"depth", "keypoints"}
    assert {str(x.target) for x in chains if x.target.type == "keypoints"} == {"coco:keypoints"}


@pytest.mark.parametrize(("setting", "programs"), [("small", "target"), ("full", "source")])
def test_baselines_of_a_plan(setting, programs):
    found = plan.baseline_runs(plan_of(setting))
    assert [run.program for run in found] == ["pretrain"] + [programs] * 27
    assert {run.task for run in found[1:]} == {run.task for run in plan_of(setting) if run.source}
