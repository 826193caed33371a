"""The study from ImageNet weights on real sets: its plan, and the rows that are kept of it."""

import dataclasses
import importlib
import json
import shlex
import sys

import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import results
from studies import imagenet_again, imagenet_gains, imagenet_rows, imagenet_rules, imagenet_runs
from studies.imagenet_parts import PARTS, Part
from studies.imagenet_rows import KEPT, RUN, KeptRows, TargetRun, plan_target
from studies.imagenet_tables import START_TEXTS
from tests.result_rows import BASELINE, changed

PART = Part(starts={"mine:depth": ("scratch", "ilsvrc", "other:depth")}, seeds=(3, 4))


def parse(command):
    """The flags of a command, as its program reads them."""
    name, *arguments = shlex.split(command)
    values = importlib.import_module(f"foi_tf.bin.{name.removeprefix('foi-')}").PROGRAM.make_flags()
    assert len(values([name, *arguments])) == 1
    return values


def test_commands_follow_the_source_models_that_they_need(tmp_path):
    runs = plan_target(PART, "mine:depth")
    model, *targets = imagenet_runs.write_commands(PART, runs, tmp_path, tmp_path, {})
    assert model.startswith("foi-source ") and parse(model).seed == 3
    found = [(x.source, x.seed, x.init, x.source_init) for x in map(parse, targets)]
    own = imagenet_runs.WEIGHTS
    assert found == [
        (source, seed, init, source_init)
        for seed in (3, 4)
        for source, init, source_init in (
            ("scratch", "", "ilsvrc"), ("ilsvrc", own, "ilsvrc"), ("other:depth", "", own),
        )
    ]  # fmt: skip


def test_flags_of_targets_are_of_one_task_type_and_not_of_source_models(tmp_path):
    own = "--set=depth.schedule.batch_size=4"
    for kind, expected in (("depth", [False, *5 * [True]]), ("detection", 6 * [False])):
        part = dataclasses.replace(PART, seeds=(3,), target_flags={kind: (own,)})
        part = dataclasses.replace(part, baseline_seeds=(5, 6))
        runs = plan_target(part, "mine:depth")
        commands = imagenet_runs.write_commands(part, runs, tmp_path, tmp_path, {})
        assert [own in shlex.split(command) for command in commands] == expected


def test_a_part_takes_the_source_models_of_another(monkeypatch, tmp_path, capsys):
    for name, within in (("mine", ""), ("more", "mine")):
        part = dataclasses.replace(PART, seeds=(3,), within=within, setting="images40")
        monkeypatch.setitem(PARTS, name, part)
    work = str(tmp_path / "work")
    monkeypatch.setattr(sys, "argv", ["imagenet_runs", "mine", "more", "--dry_run", "--work", work,
                                      f"--rows={tmp_path}"])  # fmt: skip
    imagenet_runs.main()
    commands = list(map(parse, capsys.readouterr().out.splitlines()))
    assert {command.workdir for command in commands} == {f"{work}/mine"}
    assert [x.setting for x in commands if "target" in x] == 6 * ["images40"]


def test_runs_whose_rows_are_kept_are_not_planned_again(monkeypatch, tmp_path):
    kept = KeptRows(tmp_path / "kept")
    monkeypatch.setitem(PARTS, "mine", PART)
    row = {"target": "mine", "target_type": "depth", "metric": "rmse", "setting": "small"}
    for seed, value in ((3, 1.0), (4, 2.0)):
        made = changed(BASELINE, **row, source="scratch", seed=seed, value=value, init="scratch")
        results.write_row(made, tmp_path / f"results{seed}")
        kept.add("mine", tmp_path / f"results{seed}")
    again = changed(BASELINE, **row, source="scratch", seed=4, value=9.0, init="scratch")
    results.write_row(again, tmp_path / "results")
    kept.add("mine", tmp_path / "results")
    assert kept.load("mine").value.tolist() == [1.0, 2.0]
    left = plan_target(PART, "mine:depth", kept.find("mine"))
    assert [(x.start, x.seed) for x in left] == [
        (start, seed) for seed in (3, 4) for start in ("ilsvrc", "other:depth")
    ]


@pytest.mark.parametrize("other", [{"setting": "full"}, {"target": "theirs"}, {"seed": 9}])
def test_rows_that_the_part_does_not_plan_are_not_kept(monkeypatch, tmp_path, other):
    kept = KeptRows(tmp_path / "kept")
    monkeypatch.setitem(PARTS, "mine", PART)
    row = {"target": "mine", "target_type": "depth", "metric": "rmse", "seed": 3}
    row["setting"] = "small"
    results.write_row(changed(BASELINE, **(row | other)), tmp_path / "results")
    kept.add("mine", tmp_path / "results")
    assert kept.load("mine") is None
    results.write_row(changed(BASELINE, **row), tmp_path / "results")
    kept.add("mine", tmp_path / "results")
    assert kept.load("mine").seed.tolist() == [3]


def test_each_start_has_the_rate_that_is_best_over_targets(monkeypatch, tmp_path):
    kept = KeptRows(tmp_path / "kept")
    starts = {f"{name}:depth": ("scratch",) for name in ("one", "two")}
    monkeypatch.setitem(PARTS, "rates", Part(starts=starts, seeds=(0,), flags=()))
    tried = {  # RMSE, of which less is better. The second rate is best on average, not everywhere.
        "one": {"0.1": 1.0, "0.2": 1.1, "0.3": None},
        "two": {"0.1": 4.0, "0.2": 2.0, "0.3": 1.0, "0.4": 0.1},  # The last one is not compared.
    }
    for name, values in tried.items():
        row = {"target": name, "target_type": "depth", "metric": "rmse", "source": "scratch"}
        made = changed(BASELINE, **row, selection="validation", candidates=json.dumps(values))
        results.write_row(made, tmp_path / "results")
    kept.add("rates", tmp_path / "results")
    rated = dataclasses.replace(PART, rated=True, starts={"mine:depth": ("scratch",)})
    runs = plan_target(rated, "mine:depth")
    rates = kept.choose_rates()
    commands = imagenet_runs.write_commands(rated, runs, tmp_path, tmp_path, rates)
    assert [parse(command).set for command in commands] == [
        ["depth.schedule.learning_rate=0.2"]
    ] * 2
    with pytest.raises(SystemExit, match="run the part rates of a target of depth first"):
        runs = [TargetRun("mine:depth", "ilsvrc", 3)]
        imagenet_runs.write_commands(rated, runs, tmp_path, tmp_path, rates)


def test_targets_that_learned_nothing_choose_no_rate():
    tried = {"one": {"0.1": 0.5, "0.2": 0.4}, "two": {"0.1": 0.001, "0.2": 0.009}}
    rows = pd.DataFrame([
        {"target": name, "target_type": "keypoints", "source": "ilsvrc", "metric": "oks_ap50",
         "candidates": json.dumps(values)}
        for name, values in tried.items()
    ])  # fmt: skip
    assert imagenet_rows.choose_rates(rows) == {("keypoints", "ilsvrc"): 0.1}


def test_the_study_has_its_chains_and_longer_baselines():
    study = PARTS["study"]
    assert len(study.starts) == 18
    assert sum(len(starts) - 2 for starts in study.starts.values()) == 161
    # The target that is left out is a source, and has its own runs apart.
    (out,) = PARTS["left_out"].starts
    assert out not in study.starts
    assert sum(out in starts for starts in study.starts.values()) >= 5
    runs = plan_target(study, "camvid_part:segmentation")
    count = {start: sum(run.start == start for run in runs) for start in {x.start for x in runs}}
    assert count.pop("ilsvrc") == 10 and set(count.values()) == {5}
    assert set(count) >= {"clothing:segmentation", "facades:segmentation"}


@pytest.mark.parametrize("name", [x for x in PARTS if KEPT.find_path(x).exists()])
def test_kept_rows_are_planned_and_finite(name):
    path, part = KEPT.find_path(name), PARTS[name]
    rows = results.load(path)
    assert path.stat().st_size <= 10**6
    assert not rows.duplicated(RUN).any() and rows.value.notna().all()
    found = set(rows[RUN].itertuples(index=False, name=None))
    for target in part.starts:
        left = plan_target(part, target, found)
        planned = len(plan_target(part, target))
        name, kind = target.split(":")
        own = rows[(rows.target == name) & (rows.target_type == kind)]
        assert planned - len(left) == len(own)
    assert len(found) == sum(
        ((rows.target + ":" + rows.target_type) == target).sum() for target in part.starts
    )


def test_halves_of_the_seeds_are_compared_both_ways():
    # One chain gains 20 % with every seed, the other 10 % with one half and -6 % with the other.
    noise = {0: 0.99, 1: 1.01, 2: 1.0, 3: 1.005}
    factors = {
        "ilsvrc": dict.fromkeys(noise, 1.0),
        "one": dict.fromkeys(noise, 1.2),
        "other": {0: 1.1, 1: 1.1, 2: 0.94, 3: 0.94},
    }
    rows = pd.DataFrame([
        dataclasses.asdict(changed(
            BASELINE, source=source, source_type="" if source == "ilsvrc" else "segmentation",
            seed=seed, value=0.4 * factor * noise[seed],
        ))
        for source, own in factors.items()
        for seed, factor in own.items()
    ])  # fmt: skip
    found = imagenet_gains.compare_halves(rows)
    assert len(found) == 3 * 2 * 2  # Three ways to halve four seeds, two halves, two chains.
    assert found[found.source == "one"].same.all()
    other = found[found.source == "other"]
    assert other.same.sum() == 4  # The two ways in which both halves have a seed of each kind.
    (whole, _) = imagenet_gains.format_halves(rows).splitlines()[2:]
    assert whole.startswith("| all | 83 |")


def test_gains_with_two_numbers_of_images_stand_side_by_side():
    rows = pd.DataFrame([
        dataclasses.asdict(changed(
            BASELINE, source=source, source_type="" if source in START_TEXTS else "segmentation",
            seed=seed, setting=setting, value=0.4 * factor * (1 + 0.001 * (-1) ** seed),
        ))
        for setting, factors in (
            ("small", {"ilsvrc": 1, "scratch": 0.5, "one": 1.2, "other": 0.9, "third": 1}),
            ("images40", {"ilsvrc": 0.5, "scratch": 0.1, "one": 0.75, "other": 0.5}),
        )
        for source, factor in factors.items()
        for seed in range(5)
    ])  # fmt: skip
    few, more = (rows[rows.setting == name] for name in ("images40", "small"))
    (line,) = imagenet_gains.format_fewer(more, few).splitlines()[2:]
    found = [cell.strip() for cell in line.strip("|").split("|")]
    # The third source is left out, which has no chain with 40 images.
    assert found == ["`camvid`", "2", "0.200, 0.400", "-80, -50", "25.0, 5.0", "25.0, 5.0",
                     "50.0, 20.0", "1, 1", "0, 1"]  # fmt: skip


def test_a_first_pick_is_held_against_all_starts():
    """One source gains 20 % on every target, the other loses 20 %; ImageNet alone is between."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([
        dataclasses.asdict(changed(
            BASELINE, target=target, source=source, seed=seed, n_source=images,
            source_type="" if source == "ilsvrc" else "segmentation",
            value=0.4 * factor * np.exp(0.01 * rng.standard_normal()),
        ))
        for target in ("camvid", "city", "kitti", "suim")
        for source, factor, images in (("ilsvrc", 1, 0), ("good", 1.2, 100), ("bad", 0.8, 200))
        for seed in range(5)
    ])  # fmt: skip
    scores = rows[rows.source_type != ""][["target", "target_type", "source", "source_type"]]
    scores = scores.drop_duplicates().assign(leep=lambda x: (x.source == "good").astype(float))
    analyses = {"segmentation": StudyAnalysis(rows)}
    pairs = {"segmentation": "within_type"}
    table = imagenet_rules.format_worth(analyses, {"segmentation": scores}, pairs)
    table = table.splitlines()[2:]
    found = {
        cells[2].strip(): [float(x.split("(")[0]) for x in cells[4:6]]
        for cells in (line.split("|") for line in table)
    }
    assert found["`leep`"] == pytest.approx([20, 0], abs=1.5)
    assert found["`size`"] == pytest.approx([-20, 100 / 3], abs=1.5)
    assert found["ImageNet alone"] == pytest.approx([0, 100 / 6], abs=1.5)
    assert found["a source by chance"] == pytest.approx([0, 100 / 6], abs=1.5)
    assert "`inclusion`" not in found  # There are no distances.


def test_chains_that_were_run_again_are_compared_in_all_metrics():
    rows = pd.DataFrame([dataclasses.asdict(changed(BASELINE, seed=seed)) for seed in range(3)])
    rows = rows.assign(**{"extra.pixel_accuracy": [0.5, 0.6, np.nan]})
    again = rows.assign(**{"extra.pixel_accuracy": [0.5, 0.7, np.nan]})
    assert imagenet_again.compare(rows, again).same.tolist() == [True, False, True]
    again.loc[0, "value"] += 1e-9
    assert imagenet_again.compare(rows, again.iloc[[0, 2]]).same.tolist() == [False, True]


def test_source_models_serve_another_working_directory(tmp_path):
    for name in ("model", "target"):
        (tmp_path / "work" / "links" / name).mkdir(parents=True)
    (tmp_path / "work" / "links" / "model" / "selected_none.json").write_text("{}")
    for _ in range(2):
        imagenet_again.link_models(tmp_path / "work", tmp_path / "again")
    (linked,) = (tmp_path / "again" / "links").iterdir()
    assert linked.name == "model" and (linked / "selected_none.json").exists()
