import collections

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import grid, plan
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS


def of(setting, pairs="within_type", seeds=(0,), **chosen):
    chains = plan.select(
        grid.chains(DATASETS, setting, pairs),
        chosen.get("sources", ()),
        chosen.get("targets", ()),
    )
    return plan.plan(DATASETS, setting, chains, seeds)


def test_counts_are_those_of_tables_7_and_8():
    for setting, within, targets in (("small", 64, 22), ("full", 78, 26)):
        counts = plan.counts(grid.chains(DATASETS, setting), DATASETS)
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
    runs = of(setting, pairs, seeds=(0, 1))
    for place, run in enumerate(runs):
        for needed in run.needs:
            assert needed < place and runs[needed].stage < run.stage
        if run.stage == 2:
            (source,) = run.needs
            assert (runs[source].program, str(runs[source].task)) == ("source", run.source)
        elif run.program == "source" or run.source == "ilsvrc":
            assert run.needs == (0,)
    assert runs[0].program == "pretrain"
    assert [run.stage for run in runs] == sorted(run.stage for run in runs)
    assert len({(run.program, run.task, run.source, run.seed) for run in runs}) == len(runs)


def test_a_small_plan_has_all_chains_and_baselines():
    runs = of("small")
    kinds = collections.Counter((run.program, run.source in ("ilsvrc", "scratch")) for run in runs)
    assert kinds == {
        ("pretrain", False): 1,
        ("source", False): 27 + 1,  # Two sets would serve their own members alone.
        ("target", True): 2 * 27,
        ("target", False): 306,
    }


def test_a_full_source_is_the_baseline_of_its_task():
    runs = of("full", seeds=(3, 4))
    baselines = [run for run in runs if run.source == "ilsvrc"]
    assert {run.seed for run in baselines} == {4} and len(baselines) == 27
    assert all(run.seed == 3 for run in runs if run.program != "target")
    one = of("full", sources=["coco:segmentation"], targets=["camvid:segmentation"])
    assert [(run.program, run.source) for run in one] == [
        ("pretrain", ""), ("target", "scratch"), ("source", ""), ("target", "ilsvrc"),
        ("target", "coco:segmentation"),
    ]  # fmt: skip


def test_arguments_are_what_the_programs_take():
    runs = of("small_source", sources=["coco:segmentation"], targets=["ade:segmentation"])
    assert [run.arguments() for run in runs] == [
        ["--seed=0"],
        ["--source=scratch", "--target=ade:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=coco:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=ilsvrc", "--target=ade:segmentation", "--setting=small_source", "--seed=0"],
        ["--source=coco:segmentation", "--target=ade:segmentation", "--setting=small_source",
         "--seed=0"],
    ]  # fmt: skip


def test_without_ilsvrc_nothing_is_pretrained():
    own = {name: DATASETS[name] for name in ("camvid", "coco")}
    runs = plan.plan(own, "small", grid.chains(own, "small"))
    assert {run.program for run in runs} == {"source", "target"}
    assert [run.needs for run in runs if run.program == "source"] == [()] * 2


def test_a_name_that_is_no_source_or_target_is_said():
    with pytest.raises(FoiError, match="unknown target of this setting 'camvit:segmentation'"):
        of("small", targets=["camvit:segmentation"])
    # A multi-source model does not serve its own members with few images.
    with pytest.raises(FoiError, match="no chain has such a source and such a target"):
        of("small", sources=["multi:segmentation"], targets=["coco:segmentation"])
    assert Task("coco", "segmentation") in {
        run.task for run in of("full", sources=["multi:segmentation"])
    }


def test_a_self_supervised_chain_begins_with_its_own_pretraining():
    name = "ilsvrc:contrastive"
    chain = grid.Chain(Task("coco", "contrastive"), Task("camvid", "segmentation"))
    runs = plan.plan(DATASETS, "small", [chain], init=name, init_name=name)
    assert [(run.program, run.arguments()[:-1], run.needs) for run in runs] == [
        ("pretrain", ["--task_type=contrastive"], ()),
        ("target", ["--source=scratch", "--target=camvid:segmentation", "--setting=small"], ()),
        ("source", ["--source=coco:contrastive", "--setting=small", f"--init={name}"], (0,)),
        ("target", ["--source=ilsvrc", "--target=camvid:segmentation", "--setting=small",
                    f"--init={name}"], (0,)),
        ("target", ["--source=coco:contrastive", "--target=camvid:segmentation",
                    "--setting=small", f"--source_init={name}"], (2,)),
    ]  # fmt: skip
