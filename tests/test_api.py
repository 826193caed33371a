"""The front door: light to import, and the whole way from images to an opened model."""

import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import foi_tf as foi
from foi_tf import api
from foi_tf.chains.train_session import SessionCache
from foi_tf.study import configuration
from foi_tf.study.dataset import Task
from tests import result_rows, tiny_backbone

CONFIG = """
classification:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.1, steps: 2, small_steps: 2, batch_size: 4}
segmentation:
  crop: [32, 64]
  schedule: {optimizer: sgd, learning_rate: 0.1, steps: 2, small_steps: 2, batch_size: 4}
"""
SOURCE, TARGET = "mapillary:segmentation", "camvid:segmentation"


def test_the_import_is_light():
    code = """
import os, sys
import foi_tf as foi
heavy = {"tensorflow", "pandas", "pydantic", "numpy", "foi_tf.api"} & set(sys.modules)
assert not heavy, heavy
assert os.environ["TF_USE_LEGACY_KERAS"] == "1" and os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
assert callable(foi.target) and issubclass(foi.FoiError, Exception)
heavy = {"tensorflow", "pandas", "pydantic"} & set(sys.modules)
assert not heavy, heavy
"""
    environment = {"PATH": "", "PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert found.returncode == 0


def test_the_names_of_the_front_door_are_those_of_its_module():
    assert set(api.__all__) == foi._FRONT_DOOR
    assert set(api.__all__) <= set(dir(foi))
    assert all(getattr(foi, name) is getattr(api, name) for name in api.__all__)
    assert all(getattr(api, name).__doc__ for name in api.__all__)
    with pytest.raises(AttributeError, match="module 'foi_tf' has no attribute 'nothing'"):
        _ = foi.nothing


def test_every_function_expands_the_home_directory(monkeypatch, tmp_path):
    functions = [getattr(api, name) for name in api.__all__ if name[0].islower()]
    assert len(functions) == 11 and all(hasattr(one, "__wrapped__") for one in functions)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("~/none", pathlib.Path("~/none")):
        with pytest.raises(foi.FoiError, match=str(tmp_path / "none")):
            foi.load_results(given)


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory):
    """The arguments that all runs share, with three rendered datasets of a few images."""
    root = tmp_path_factory.mktemp("api")
    for name in ("ilsvrc", "mapillary", "camvid"):
        prepared = foi.prepare(collection="mini", dataset=name, data_dir=root / "data", images=6)
        assert (prepared.dataset.id, prepared.dataset.train) == (name, 6)
    (root / "config.yaml").write_text(CONFIG)
    return {
        "data_dir": root / "data",
        "workdir": root / "work",
        "config": root / "config.yaml",
        "backbone": tiny_backbone.NAME,
        "strategy": "cpu",
        "sessions": SessionCache(),
    }


@pytest.fixture(name="runs", scope="module")
def _runs(run):
    """Pre-training, source, baseline and target, by name."""
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        return {
            "pretraining": foi.pretrain(**run),
            "source": foi.source(SOURCE, **run),
            "baseline": foi.target(TARGET, **run),
            "target": foi.target(TARGET, source=SOURCE, **run),
        }


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


@pytest.mark.slow
def test_runs_tell_their_chain_and_metric(runs):
    assert runs["pretraining"].chain == ("scratch", "ilsvrc:classification")
    assert runs["source"].chain == ("ilsvrc", SOURCE)
    assert runs["baseline"].chain == ("ilsvrc", TARGET)
    one = runs["target"]
    assert one.chain == ("ilsvrc", SOURCE, TARGET) and one.metric == "miou"
    assert one.metrics["miou"] == one.value and 0 <= one.value <= 1
    assert (one.directory / "link.json").exists()
    assert str(one) == f"ilsvrc → {SOURCE} → {TARGET}: miou = {one.value:.3f}"


@pytest.mark.slow
def test_rows_gains_and_the_report_follow(run, runs, tmp_path):
    rows = foi.load_results(run["workdir"] / "results")
    small = rows[(rows.target == "camvid") & (rows.setting == "small")]
    assert sorted(small.source) == ["ilsvrc", "mapillary"]
    chains = foi.gains(run["workdir"] / "results").set_index(["target", "source", "setting"])
    gain = chains.loc[("camvid", "mapillary", "small")]
    assert gain.value == runs["target"].value and gain.baseline == runs["baseline"].value
    assert (
        gain.gain != gain.gain
        if gain.floor
        else gain.gain == pytest.approx(100 * (gain.value / gain.baseline - 1))
    )
    pd.testing.assert_series_equal(
        foi.gains(rows).set_index(["target", "source", "setting"]).gain, chains.gain
    )
    assert "camvid" in foi.report(rows, tmp_path / "report").read_text()


def test_rows_that_disagree_are_left_out_with_a_warning():
    one, two = (
        dataclasses.asdict(result_rows.changed(result_rows.BASELINE, value=value, extra={}))
        for value in (0.5, 0.6)
    )
    rows = pd.DataFrame([one, two])
    with pytest.warns(UserWarning, match="2 rows disagree"):
        foi.gains(rows)


@pytest.mark.slow
def test_a_model_is_exported_and_opened(run, runs, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (2, 40, 56, 3), np.uint8)
    metadata = foi.export(
        runs["target"], tmp_path / "model", data_dir=run["data_dir"], license="CC0"
    )
    opened = foi.open_model(tmp_path / "model")
    assert opened.metadata["task"] == metadata["task"] == TARGET
    assert opened.metadata["license"] == "CC0"
    link = foi.open_model(runs["target"], data_dir=run["data_dir"])
    for name in ("predict", "get_features"):
        one, two = getattr(opened, name)(images), getattr(link, name)(images)
        assert set(one) == set(two)
        for key in one:
            np.testing.assert_allclose(one[key], two[key], rtol=1e-4, atol=1e-4)
    assert opened.predict(images)["mask"].shape == (2, 40, 56)
    with pytest.raises(foi.FoiError, match=r"float64 \[40, 56, 3\], but must be uint8"):
        opened.predict(images[0] / 255)


@pytest.mark.slow
def test_a_backbone_alone_does_not_predict(runs):
    checkpoint = runs["source"].directory / "weights"
    opened = foi.open_model(checkpoint, backbone=tiny_backbone.NAME)
    images = np.zeros((1, 32, 32, 3), np.uint8)
    assert opened.get_features(images)["features"].shape == (1, 8, 8, 60)
    with pytest.raises(foi.FoiError, match="a backbone without a head"):
        opened.predict(images)


@pytest.mark.slow
def test_a_source_model_is_given_by_its_run(run, runs):
    other = {**run, "workdir": run["workdir"].with_name("other")}
    moved = foi.target(TARGET, source=SOURCE, source_weights=runs["source"], **other)
    assert moved.chain == runs["target"].chain and moved.value == runs["target"].value
    start = foi.target(TARGET, source="ilsvrc", init=runs["pretraining"], **other)
    assert start.value == runs["baseline"].value


@pytest.mark.slow
def test_a_target_trains_on_any_number_of_images(run):
    other = {**run, "workdir": run["workdir"].with_name("fewer")}
    foi.target(TARGET, source="scratch", setting="images3", **other)
    (row,) = foi.load_results(other["workdir"] / "results").itertuples()
    assert (row.setting, row.n_target) == ("images3", 3)


@pytest.mark.slow
def test_a_configuration_is_a_name_a_path_or_an_object(run, runs):
    config = configuration.load_config(str(run["config"]), ["camvid"])
    again = foi.target(TARGET, **{**run, "config": config})
    assert again.directory == runs["baseline"].directory
    longer = {**run, "workdir": run["workdir"].with_name("longer")}
    overrides = {"segmentation.schedule.small_steps": 3}
    one = foi.target(TARGET, source="scratch", overrides=overrides, **longer)
    assert '"steps": 3' in (one.directory / "link.json").read_text()
    with pytest.raises(foi.FoiError, match="overrides and crop go with the name or path"):
        foi.target(TARGET, overrides=overrides, **{**run, "config": config})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"setting": "smal"}, "unknown setting 'smal'; did you mean 'small'"),
        ({"setting": "images0"}, "unknown setting 'images0'"),
        ({"backbone": "hrnet_w47"}, "unknown backbone 'hrnet_w47'; did you mean"),
        ({"precision": "float8"}, "unknown precision 'float8'"),
        ({"select_lr": "val"}, "unknown way to choose learning rates 'val'"),
    ],
)
def test_arguments_that_are_wrong_are_named(run, arguments, said):
    with pytest.raises(foi.FoiError, match=said):
        foi.target(TARGET, **{**run, **arguments})


def test_an_unknown_option_is_refused(run):
    with pytest.raises(TypeError, match="learning_rate"):
        foi.target(TARGET, learning_rate=0.1, **run)


def test_own_folders_are_prepared(tmp_path):
    from tests import raw_folders

    root = raw_folders.write_folder(tmp_path / "bricks", train=4, val=2)
    prepared = foi.prepare(root, format="masks", domain="aerial", data_dir=tmp_path / "data")
    assert (prepared.dataset.id, prepared.dataset.train, prepared.dataset.val) == (root.name, 4, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"raw_dir": "mine"},
        {"raw_dir": "mine", "format": "masks"},
        {"raw_dir": "mine", "dataset": "camvid", "format": "masks", "domain": "driving"},
        {"raw_dir": "mine", "dataset": "camvid", "collection": "mini"},
        {"dataset": "camvid"},
    ],
)
def test_what_is_prepared_has_one_form(tmp_path, arguments):
    with pytest.raises(foi.FoiError, match="prepare: give raw_dir, format and domain"):
        foi.prepare(data_dir=tmp_path, **arguments)


def test_sources_are_recommended():
    table = foi.recommend(TARGET)
    assert table["rank"].tolist()[0] == 1 and table.source[0].endswith(":segmentation")
    chosen = foi.recommend(
        Task("camvid", "segmentation"),
        by="size",
        sources=["coco:segmentation", "city:segmentation"],
    )
    assert chosen.source.tolist() == ["coco:segmentation", "city:segmentation"]
    with pytest.raises(foi.FoiError, match="unknown ranking 'sice'; did you mean 'size'"):
        foi.recommend(TARGET, by="sice")
    with pytest.raises(foi.FoiError, match="give past_results"):
        foi.recommend(TARGET, by="fitted")
