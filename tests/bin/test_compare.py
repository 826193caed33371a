"""foi-compare from prepared datasets and folders to its answer, with a tiny network."""

import dataclasses
import json
import math
import pathlib

import pytest

import foi_tf as foi
from foi_tf.bin import compare
from foi_tf.bin._shared.duration_flag import DurationParser
from foi_tf.chains.train_session import TrainSession
from foi_tf.comparison import ledger, planning, race, report_texts, runner
from foi_tf.errors import BusyError
from foi_tf.study import results
from tests import raw_folders
from tests.bin.conftest import error, misuse


@pytest.fixture(name="given")
def _given(flags, bricks, tmp_path):
    del bricks
    return flags | {"init": "scratch", "out": tmp_path / "out"}


def answer(outcome):
    code, out, err = outcome
    assert code == 0, err
    page = pathlib.Path(out.strip())
    assert page.name == "report.html" and page.is_file()
    return json.loads(page.with_name("comparison.json").read_text())["race"]


@pytest.mark.slow
def test_starts_race_and_the_same_call_reads_the_answer(call, given, tmp_path, monkeypatch):
    begun, begin = [], TrainSession.begin
    monkeypatch.setattr(
        TrainSession, "begin", lambda self, *given: begun.append(self) or begin(self, *given)
    )
    given |= {"target": "blocks:segmentation", "sources": "bricks", "seeds": 1, "budget": "20m"}
    first = call(compare, **given)
    found = answer(first)
    # The source model is trained between two runs of the target, which share what was traced.
    assert len(begun) == 3 and begun[0] is begun[2] is not begun[1]
    assert found["reason"] in race.REASONS and found["best"] in [x["name"] for x in found["starts"]]
    assert {one["name"] for one in found["starts"]} == {"scratch", "bricks:segmentation"}
    assert sum(one["p_best"] for one in found["starts"]) == pytest.approx(1)
    said = first[2]
    assert "forecast for this machine: " in said or "about " in said
    assert "the source model bricks:segmentation" in said and "link 1 of 1: " in said
    rows = results.load(tmp_path / "work/results")
    values = {
        name: sorted(own.value) for name, own in rows[rows.target == "blocks"].groupby(rows.source)
    }
    for one in found["starts"]:
        assert sorted(one["values"]) == values[one["name"].partition(":")[0]]
    kept = json.loads((tmp_path / "out/comparison.json").read_text())
    assert kept["race"] == found and kept["text"] in said
    page = (tmp_path / "out/report.html").read_text()
    assert "How it was decided" in page and page.count("data:image/png") == 4
    judged = {one["name"]: one["p_best"] for one in kept["answer"]["starts"] if not one["reason"]}
    raced = {one["name"]: one["p_best"] for one in found["starts"]}
    assert not judged or judged == pytest.approx(raced)
    again = call(compare, **given)
    same = answer(again)
    assert "link " not in again[2]
    for name in ("starts", "best", "reason", "decision"):
        assert same[name] == found[name]


def test_folders_are_read_and_held_out_and_a_source_of_another_type_is_told(call, given, tmp_path):
    raw_folders.write_folder(tmp_path / "My Set", train=16, val=0, boxes=False, seed=2)
    config = pathlib.Path(given["config"])
    config.write_text(config.read_text() + config.read_text().replace("segmentation", "detection"))
    given |= {"data_dir": tmp_path / "data", "seeds": 1}
    raw_folders.write_folder(tmp_path / "boxes", train=9, val=3, masks=False, seed=3)
    code, out, err = call(
        compare, "--dry_run", **given, target=f"{tmp_path}/My Set/", sources=f"{tmp_path}/boxes"
    )
    assert code == 0, err
    assert "read as masks; 12 training images, 4 validation images" in err
    assert "25% of the training images become some" in err and "here called 'my_set'" in err
    assert "boxes:detection is of another task type than my_set:segmentation" in err
    assert [line.split("\t")[2] for line in out.splitlines()[1:]] == [
        "my_set:segmentation from scratch, seed 0",
        "the source model boxes:detection",
        "my_set:segmentation from boxes:detection, seed 0",
    ]
    assert "2 starts, 1 model to train before" in err and not (tmp_path / "data").exists()


def test_what_cannot_be_compared_is_one_line(call, given, tmp_path):
    def said(**changed):
        return error(call(compare, **(given | changed)))

    assert "--target=blocks: annotated for segmentation, detection; give blocks:segmentation" in (
        said(target="blocks")
    )
    assert "unknown folder or prepared dataset 'bloks'; did you mean 'blocks'" in (
        said(target="bloks")
    )
    target = "blocks:segmentation"
    assert "is the target itself" in said(target=target, sources="blocks:segmentation")
    assert "leave --setting out" in said(target=target, images="8", setting="small")
    for folder in ("a", "b"):
        raw_folders.write_folder(tmp_path / folder / "set", train=9, val=4, boxes=False)
    folders = {"target": tmp_path / "a/set", "sources": tmp_path / "b/set"}
    code, _, err = call(compare, **given | folders)
    assert code == 1 and "/a/set and " in err and "would both be called 'set'; rename" in err
    assert "names a source twice" in said(target=target, sources="bricks,bricks:segmentation")
    assert "no pre-training with hrnet_mini" in said(target=target, sources="bricks", init="")
    raw_folders.write_folder(tmp_path / "few", train=3, val=4, boxes=False)
    code, _, err = call(compare, **given, target=f"{tmp_path}/few")
    assert code == 1 and "few: 3 training images annotated for segmentation; fewer than 8" in err
    assert "must be FOLDER=DOMAIN" in said(target=target, domains="mine")
    assert "unknown domain 'driven'" in said(target=target, domains="mine=driven")
    assert not (tmp_path / "work").exists() and not (tmp_path / "out").exists()


def test_a_comparison_leaves_what_other_workers_train_if_it_is_asked_to(call, given, monkeypatch):
    def target(setup, *_, **__):
        assert not setup.pace.wait
        raise BusyError("another worker trains it")

    monkeypatch.setattr(runner.stages, "target", target)
    given |= {"target": "blocks:segmentation", "sources": "", "busy": "leave"}
    code, out, err = call(compare, **given)
    assert (code, out) == (75, ""), err
    assert "another worker trains it" in err


def test_budgets_are_durations(call, given):
    parse = DurationParser().parse
    assert [parse(text) for text in ("90s", "1.5m", "2h", "1d")] == [90, 90, 7200, 86400]
    for wrong in ("2", "two hours", "0m", "-1h"):
        assert "--budget" in misuse(call(compare, **given, target="blocks", budget=wrong))


@pytest.mark.slow
def test_a_budget_below_the_first_run_says_how_much_it_takes(call, given, monkeypatch):
    monkeypatch.setattr(runner, "OVERDRAFT", math.inf)
    config = pathlib.Path(given["config"])
    config.write_text(config.read_text().replace("small_steps: 2", "small_steps: 2000"))
    given |= {"target": "blocks:segmentation", "setting": "small", "budget": "1s"}
    code, out, err = call(compare, **given, sources="bricks", steps_per_loop=2)
    assert code == 0, err
    found = json.loads(pathlib.Path(out.strip()).read_text())["race"]  # There is no page.
    assert (found["reason"], found["best"], found["starts"]) == (race.BUDGET, "", [])
    assert "the first run alone takes about" in err
    assert found["decision"][0] == "The budget ended before any start had a result."


@pytest.mark.slow
def test_a_comparison_that_is_stopped_ends_as_it_would_have(call, given, tmp_path, monkeypatch):
    given |= {"target": "blocks:segmentation", "sources": "bricks", "seeds": 1}
    whole = answer(call(compare, **given))
    own = given | {"workdir": tmp_path / "again", "out": tmp_path / "out2"}
    watch, calls = runner._Watch.__call__, [0]

    def stop_now_and_then(*steps):
        calls[0] += 1
        if calls[0] in (2, 3):
            raise KeyboardInterrupt
        watch(*steps)

    monkeypatch.setattr(runner._Watch, "__call__", stop_now_and_then)
    assert [call(compare, **own)[0] for _ in range(2)] == [130, 130]
    found = answer(call(compare, **own))
    for name in ("starts", "best", "reason", "decision"):
        assert found[name] == whole[name]


def test_the_ledger_adds_up_over_processes_and_names_a_broken_file(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(ledger.time, "monotonic", lambda: now[0])
    first = ledger.Ledger(tmp_path, "x", 60.0)
    now[0] += 20
    first.finish("a")
    second = ledger.Ledger(tmp_path, "x", 60.0)
    now[0] += 5
    assert (second.spent, second.left, second.finished) == (25.0, 35.0, {"a"})
    assert ledger.Ledger(tmp_path, "y").spent == 0
    (path,) = tmp_path.glob("comparisons/*.json")
    path.write_text("{")
    with pytest.raises(ledger.FoiError, match=r"comparisons/.*: broken; remove it"):
        ledger.Ledger(tmp_path, "x")


def test_every_reason_has_a_sentence():
    assert set(race.REASONS) == {*report_texts.REASONS, race.FLOOR}


def test_python_has_the_same_and_refuses_the_same(given):
    own = {name: value for name, value in given.items() if name != "out"}
    with pytest.raises(foi.FoiError, match="budget='soon': must be a duration"):
        foi.compare("blocks:segmentation", budget="soon", out=given["out"], **own)
    with pytest.raises(foi.FoiError, match="is the target itself"):
        foi.compare("blocks:segmentation", ["blocks:segmentation"], budget="1h", **own)
    with pytest.raises(foi.FoiError, match="unknown domain 'x'"):
        foi.compare("blocks:segmentation", domains={"mine": "x"}, **own)


@pytest.mark.slow
def test_numbers_of_target_images_are_compared_with_the_same_models(call, given, tmp_path):
    wrong = call(compare, **given, target="blocks:segmentation", images="4,all")
    assert "--images=4: must be at least 8 and below the 12 training images" in error(wrong)
    assert "--images" in misuse(call(compare, **given, target="blocks", images="few"))
    given |= {"target": "blocks:segmentation", "sources": "bricks", "seeds": 1, "images": "all,8"}
    code, _, err = call(compare, **given)
    assert code == 0, err
    found = json.loads((tmp_path / "out/comparison.json").read_text())["images"]
    assert [one["images"] for one in found] == [8, 12]
    rows = results.load(tmp_path / "work/results")
    own = rows[rows.target == "blocks"]
    assert set(zip(own.setting, own.n_target, strict=True)) == {("images8", 8), ("full", 12)}
    assert set(own[own.setting == "images8"].varied) == {"init,order,subset"}
    assert err.count("the source model bricks:segmentation") == 1
    assert "random weights, " in err and "the best" in err


def test_published_weights_bring_their_backbone(call, given, monkeypatch):
    said = []

    def plan_comparison(request):
        said.append(request)
        raise foi.FoiError("enough")

    monkeypatch.setattr(planning, "plan_comparison", plan_comparison)
    own = {name: value for name, value in given.items() if name != "backbone"}
    own |= {"init": "resnet50_simclr", "target": "blocks"}
    assert "weights of resnet50, which is taken as --backbone" in call(compare, **own)[2]
    assert said[0].settings.backbone == "resnet50"
    own = {name: value for name, value in own.items() if name not in ("target", "out")}
    with pytest.raises(foi.FoiError, match="enough"):
        foi.compare("blocks", **own)
    assert said[1].settings == dataclasses.replace(
        said[0].settings, strategy=said[1].settings.strategy
    )
