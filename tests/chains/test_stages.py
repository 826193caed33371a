"""Stages: what a target starts from, and which configuration it gets. Nothing is trained."""

import dataclasses
import types

import pytest

from foi_tf.chains import data_notes, links, lr_selection, run_config, stages
from foi_tf.chains.links import Member
from foi_tf.chains.train_session import SessionCache
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.study import data_warnings, grid, results
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.registry import DATASETS
from foi_tf.training import strategies
from tests.link_fixtures import finish

TASK = Task("blocks", "segmentation")
SOURCE = "coco:segmentation"


@pytest.fixture(name="setup")
def _setup(blocks, tmp_path):
    return stages.Setup(
        data_dir=blocks,
        workdir=tmp_path,
        config=run_config.load_config(blocks, TASK, 0, "mini"),
        backbone="hrnet_mini",
        precision="float32",
        seed=0,
        select="none",
        strategy=strategies.create_strategy("cpu"),
        pace=Pace(),
    )


@pytest.fixture(name="started")
def _started(monkeypatch):
    """The links that a stage would train, with the checkpoints that they start from."""
    found = []

    def record(link, *, checkpoint, **_):
        found.append((link, checkpoint))
        return finish(link)

    monkeypatch.setattr(stages.run_link, "run_link", record)
    return found


def leave(link, workdir):
    """Leaves what a trained link that was chosen without selection would."""
    directory = link.directory(workdir)
    links.save_begun(link, directory)
    links.save_finished(directory, finish(link))
    (directory / "weights.index").write_text("")
    lr_selection.mark_chosen(directory, lr_selection.Selection("none", {}))
    return directory


def test_a_target_starts_from_the_source_in_the_workdir(setup, started, make_link, tmp_path):
    task = Task.parse(SOURCE)
    made = {
        name: leave(make_link(chain=(name, SOURCE), task=task), tmp_path)
        for name in ("ilsvrc", "scratch", "mine")
    }
    for name, keywords in (
        ("ilsvrc", {}), ("scratch", {"init": "scratch"}), ("mine", {"source_init": "mine"}),
    ):  # fmt: skip
        stages.target(setup, TASK, SOURCE, "small", **keywords)
        link, checkpoint = started.pop()
        assert link.chain == (name, SOURCE, str(TASK))
        assert checkpoint == links.weights_path(made[name])


def test_a_target_starts_from_the_source_of_its_seed(setup, started, make_link, tmp_path):
    task = Task.parse(SOURCE)
    made = [
        leave(make_link(chain=("ilsvrc", SOURCE), task=task, seed=seed), tmp_path)
        for seed in (0, 1)
    ]
    varied = dataclasses.replace(setup, vary=("init", "order", "source"))
    for seed in (0, 1):
        stages.target(dataclasses.replace(varied, seed=seed), TASK, SOURCE, "small")
        link, checkpoint = started.pop()
        assert checkpoint == links.weights_path(made[seed])
        assert (link.seed, link.varied) == (seed, ("init", "order"))
    with pytest.raises(FoiError, match=r"and seed 2; run foi-source .* --seed=2 first"):
        stages.target(dataclasses.replace(varied, seed=2), TASK, SOURCE, "small")
    # What seeds do not vary is that of the first seed.
    stages.target(dataclasses.replace(setup, seed=1), TASK, SOURCE, "small")
    assert started.pop()[1] == links.weights_path(made[0])
    subset = make_link(chain=("ilsvrc", SOURCE), task=task, varied=("init", "order", "subset"))
    leave(subset, tmp_path)
    stages.target(setup, TASK, SOURCE, "small")
    assert started.pop()[1] == links.weights_path(made[0])


def test_a_link_varies_what_it_has(setup, started):
    every = dataclasses.replace(setup, vary=("init", "order", "subset", "source"), seed=3)
    for setting, varied in (("small", ("init", "order", "subset")), ("full", ("init", "order"))):
        stages.target(every, TASK, "scratch", setting)
        link, _ = started.pop()
        assert link.varied == varied
        seeds = link.init_seed, link.order_seed, link.subset_seed
        assert seeds == (3, 3, 3 if setting == "small" else 0)
    (row,) = (
        results.load(setup.workdir / "results").drop_duplicates("varied").to_dict("records")[:1]
    )
    assert row["pretraining"] == row["parent"] == ""  # From random weights.


def test_rows_say_what_they_rest_on(setup, started, make_link, tmp_path):
    task = Task.parse(SOURCE)
    parent = make_link(chain=("ilsvrc", SOURCE), task=task, parent="feedfeedfeedfeed")
    leave(parent, tmp_path)
    stages.target(dataclasses.replace(setup, vary=("init", "source")), TASK, SOURCE, "small")
    (row,) = results.load(tmp_path / "results").to_dict("records")
    assert (row["parent"], row["pretraining"]) == (parent.digest, "feedfeedfeedfeed")
    assert row["varied"] == "init,source"
    assert row["extra.source_value"] == 0.5


def test_a_target_starts_from_source_weights_elsewhere(setup, started, make_link, tmp_path):
    elsewhere = leave(make_link(chain=("x", SOURCE), task=Task.parse(SOURCE)), tmp_path / "other")
    stages.target(setup, TASK, SOURCE, "small", source_weights=str(elsewhere))
    assert started.pop()[0].chain == ("x", SOURCE, str(TASK))
    checkpoint = str(elsewhere / "weights")
    stages.target(setup, TASK, SOURCE, "small", source_weights=checkpoint)
    assert started.pop()[0].chain == ("weights", SOURCE, str(TASK))
    with pytest.raises(FoiError, match="trained on coco:segmentation, but --source=ade:segm"):
        stages.target(setup, TASK, "ade:segmentation", "small", source_weights=str(elsewhere))


def test_starts_that_contradict_each_other_are_refused(setup):
    for source, keywords, said in (
        ("ilsvrc", {"source_weights": "x"}, "--source_weights goes with a --source task"),
        (SOURCE, {"source_weights": "x", "init": "scratch"}, "and without --init"),
        (SOURCE, {"init": "some/weights"}, "give a trained model of coco:segmentation by"),
        ("scratch", {"init": "scratch"}, "starts from random weights; leave --init out"),
    ):
        with pytest.raises(FoiError, match=said):
            stages.target(setup, TASK, source, "small", **keywords)


@pytest.mark.parametrize(("source", "init", "old_form"), [
    (SOURCE, "weights/ilsvrc", True), (SOURCE, "/", True), ("ilsvrc", "weights/ilsvrc", False),
    (SOURCE, "", False), (SOURCE, "scratch", False), (SOURCE, "ilsvrc:contrastive", False),
    ("scratch", "x", False),
])  # fmt: skip
def test_an_init_that_is_a_source_model_is_told(source, init, old_form):
    assert stages.is_source_model(source, init) == old_form


def test_all_candidates_and_the_best_one_are_trained(setup, started):
    holdout = dataclasses.replace(setup, select="holdout")
    stages.target(holdout, TASK, "scratch", "small")
    rates = setup.config.link(TASK).rates
    held = lr_selection.HOLDOUT
    tried = [(link.schedule.learning_rate, link.holdout) for link, _ in started]
    assert tried == [*((rate, held) for rate in rates), (rates[0], 0.0)]  # All reach the same.


def test_setups_share_a_cache_of_sessions_if_they_are_given_one(setup):
    other = dataclasses.replace(setup, sessions=SessionCache())
    assert other.sessions is not setup.sessions
    assert dataclasses.replace(setup, seed=1).sessions is setup.sessions


def test_the_configuration_is_that_of_the_collection_or_the_given_one(blocks):
    assert run_config.load_config(blocks, TASK, 0).name == "own.yaml"
    crop = (64, 64)
    given = run_config.load_config(blocks, TASK, 0, "mini", crop=crop)
    assert given.name == "mini.yaml" and given.link(TASK).crop == crop
    with pytest.raises(FoiError, match="none"):
        run_config.load_config(blocks, Task("none", "segmentation"), 0)


def test_own_data_is_used_whole_unless_a_setting_is_given():
    own = Dataset(id="mine", domain="aerial", train=400, val=9, classes={"segmentation": 2})
    paper = DATASETS["camvid"]
    assert grid.default_setting([own, own]) == "full"
    assert grid.default_setting([own, paper]) == grid.default_setting([paper]) == "small"
    assert grid.max_target_images(own, grid.default_setting([own])) is None


def test_a_link_says_how_many_images_it_uses_and_keeps_warnings(blocks, tmp_path, capsys):
    prepared = prepared_datasets.load_prepared(blocks, TASK.dataset)
    warned = dataclasses.replace(prepared, warnings=("one", "two"))
    member = Member(
        task=TASK, data=warned.digest, images=5, crop=(64, 64), rescale=(1, 1), fit="inside"
    )
    link = types.SimpleNamespace(members=(member, dataclasses.replace(member, images=None)))
    data_notes.tell_about_data(link, [prepared, warned])
    every = len(prepared.annotated_ids("train", TASK.type))
    assert capsys.readouterr().err.splitlines() == [
        f"{TASK}: trains on 5 of {every} images; --setting=full uses all",
        f"{TASK}: trains on all {every} images",
        f"warning: {TASK.dataset} was prepared with 2 warnings, which foi-prepare "
        f"--describe={TASK.dataset} and the report show",
    ]
    data_notes.keep_warnings([prepared, warned], tmp_path)
    assert data_warnings.find_warnings(tmp_path) == {TASK.dataset: ("one", "two")}


def test_a_metric_that_is_not_a_number_is_told_and_kept(setup, monkeypatch, tmp_path, capsys):
    def lacks_value(link, **_):
        return dataclasses.replace(finish(link), value=float("nan"))

    monkeypatch.setattr(stages.run_link, "run_link", lacks_value)
    stages.target(setup, TASK, "scratch", "full")
    said = "miou cannot be computed, since nothing that it counts is labeled in the validation"
    assert f"warning: {TASK}: {said}" in capsys.readouterr().err
    (kept,) = data_warnings.find_warnings(tmp_path / "results")[TASK.dataset]
    assert said in kept
    assert results.load(tmp_path / "results").value.isna().all()


def test_a_task_without_validation_images_stops_before_training(setup, started, monkeypatch):
    prepared = prepared_datasets.load_prepared(setup.data_dir, TASK.dataset)
    bare = dataclasses.replace(
        prepared, annotated=prepared.annotated | {"val": (frozenset(),) * len(prepared.ids["val"])}
    )
    monkeypatch.setattr(prepared_datasets, "load_prepared", lambda *_: bare)
    with pytest.raises(FoiError, match="validation images is annotated for segmentation, so there"):
        stages.target(setup, TASK, "scratch", "full")
    assert not started


def test_micro_batches_split_a_batch_evenly(setup, started):
    for most in (0, 10**6, 3):
        stages.target(dataclasses.replace(setup, micro_batch=most), TASK, "scratch")
    plain, whole, split = (link for link, _ in started)
    assert plain == whole and plain.parts == 1
    assert 0 < split.micro_batch <= 3 and split.digest != plain.digest
    assert split.micro_batch * split.parts == split.schedule.batch_size


def test_rematerialization_is_a_part_of_the_link(setup, started):
    for again in (True, False):
        stages.target(dataclasses.replace(setup, rematerialize=again), TASK, "scratch")
    (ours, plain) = (link for link, _ in started)
    assert ours.rematerialize and dataclasses.replace(ours, rematerialize=False) == plain


def test_sources_restart_and_limited_targets_do_not(setup, started):
    config = run_config.load_config(
        setup.data_dir, TASK, 0, "mini", overrides=["segmentation.schedule.restarts=2"]
    )
    restarting = dataclasses.replace(setup, config=config)
    for one in (restarting, setup):
        stages.source(one, TASK, init="scratch")
        stages.source(one, TASK, "small_source", init="scratch")
        stages.target(one, TASK, "scratch", "small")
    found = [link for link, _ in started]
    assert [link.schedule.restarts for link in found] == [2, 2, 0, 0, 0, 0]
    assert found[1].images != (None,) and found[2] == found[5]


def test_targets_restart_as_often_as_they_are_told(setup, started):
    overrides = ["segmentation.schedule.restarts=2", "segmentation.schedule.target_restarts=0"]
    config = run_config.load_config(setup.data_dir, TASK, 0, "mini", overrides=overrides)
    both = dataclasses.replace(setup, config=config)
    stages.source(both, TASK, init="scratch")
    leave(started[0][0], setup.workdir)
    stages.target(both, TASK, "scratch", "full")
    (source, target) = (link for link, _ in started)
    assert source.schedule.restarts == 2 and source.schedule.target_restarts is None
    once = dataclasses.replace(source.schedule, restarts=0)
    assert target == dataclasses.replace(source, schedule=once)


@pytest.mark.parametrize(("target_restarts", "rows"), [("null", 1), ("1", 1), ("0", 0)])
def test_a_source_leaves_the_row_of_a_target_that_restarts_as_often(
    setup, started, target_restarts, rows
):
    overrides = ["segmentation.schedule.restarts=1"]
    overrides.append(f"segmentation.schedule.target_restarts={target_restarts}")
    config = run_config.load_config(setup.data_dir, TASK, 0, "mini", overrides=overrides)
    stages.source(dataclasses.replace(setup, config=config), TASK, init="scratch")
    assert len(list((setup.workdir / "results").glob("*.json"))) == rows


def test_contrastive_losses_refuse_micro_batches(setup, started):
    split = dataclasses.replace(setup, micro_batch=1)
    with pytest.raises(FoiError, match="--micro_batch=1: the loss of blocks:contrastive compares"):
        stages.source(split, Task("blocks", "contrastive"), init="scratch")
    assert not started
