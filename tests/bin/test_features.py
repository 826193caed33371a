"""Tests the way from images to a recommendation: foi-features, then foi-recommend."""

import dataclasses

import pytest

from foi_tf.bin import features, recommend
from foi_tf.study import feature_files, results
from tests import tiny_backbone
from tests.bin.conftest import error, misuse
from tests.bin.test_analyze import run
from tests.feature_vectors import make_features
from tests.result_rows import BASELINE, CITY


@pytest.fixture(name="given")
def _given(blocks, tmp_path, monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    return {
        "data_dir": blocks, "init": "scratch", "backbone": "hrnet_mini", "size": "32x32",
        "images": 3, "out": tmp_path / "f.npz",
    }  # fmt: skip


def lines(out):
    return [line.split("\t") for line in out.strip().splitlines()]


def test_features_of_a_dataset(call, given):
    code, out, err = call(features, dataset="blocks", **given)
    assert code == 0 and "3/3 images" in err
    assert lines(out) == [["blocks", "3", "60", "0"]]
    code, again, err = call(features, dataset="blocks", **given)
    assert (code, again, err) == (0, out, "")  # Nothing was left to do.
    (made,) = feature_files.load_features(given["out"])
    assert made.origin.backbone == "hrnet_mini" and made.origin.chain == ("scratch",)
    assert made.origin.size == (32, 32) and made.origin.domain == "aerial"


def test_pixels_of_a_task(call, given):
    code, out, _ = call(features, dataset="blocks:segmentation", pixels=7, **given)
    assert code == 0 and lines(out) == [["blocks:segmentation", "3", "60", "21"]]
    (made,) = feature_files.load_features(given["out"])
    assert made.origin.task_type == "segmentation" and made.points.vectors.shape == (21, 60)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "block"}, "unknown dataset 'block'; did you mean 'blocks'?"),
        ({"init": "/none"}, "/none: neither a link's directory nor a checkpoint"),
        ({"dataset": "blocks:depth", "pixels": 5}, "blocks has no depth annotations"),
        ({"dataset": "blocks:contrastive", "pixels": 5}, "contrastive"),
        ({"out": "f.npy"}, "f.npy: features are kept in .npz files"),
        ({"out": "/proc/none/f.npz"}, "/proc/none/f.npz: cannot be written"),
    ],
)
def test_bad_input_is_one_line(call, given, changes, said):
    assert said in error(call(features, **{"dataset": "blocks"} | given | changes))


@pytest.mark.parametrize(
    "changes",
    [{"dataset": "blocks:segmentation"}, {"pixels": 5}, {"size": "32"}, {"images": 0}],
)
def test_wrong_usage_of_features_is_2(call, given, changes):
    misuse(call(features, **{"dataset": "blocks"} | given | changes))


def test_sources_of_one_of_the_papers_targets(call):
    code, out, err = call(recommend, target="camvid")
    header, *rows = lines(out)
    assert code == 0 and err.startswith("camvid: sources ranked by advice, that is ")
    assert header[:3] == ["rank", "source", "score"] and header[-1] == "why"
    assert rows[0][:2] == ["1", "mapillary:segmentation"] and len(rows) == 26
    assert all(len(row) == len(header) for row in rows)


def test_rules_on_the_published_results(call):
    code, out, err = call(recommend, "--evaluate", "--published")
    found = {row[0]: row for row in lines(out)}
    assert code == 0 and err.splitlines() == ["no rule costs least in 80% of the draws or more"]
    assert list(found) == ["rule", "advice", "domain", "size", "coco", "fitted", "random"]
    assert found["rule"][1:4] == ["targets", "regret_1", "regret_3"]
    assert found["advice"][1] == "17" and float(found["advice"][2]) < float(found["coco"][2])


def test_recommendations_with_features_and_results(call, tmp_path):
    feature_files.write_features(
        tmp_path / "f.npz", [make_features(name) for name in ("camvid", "city", "suim")]
    )
    for changes in ({}, {"value": 0.6, **CITY}, {"value": 0.4, **CITY, "source": "suim"}):
        results.write_row(dataclasses.replace(BASELINE, **changes), tmp_path / "results")
    given = {"features": tmp_path / "f.npz", "results": tmp_path / "results"}
    code, out, _ = call(recommend, target="camvid:segmentation", by="inclusion", **given)
    header, *rows = lines(out)
    assert code == 0
    gains = {row[1]: row[header.index("gain")] for row in rows}
    assert gains == {"city:segmentation": "20", "suim:segmentation": "-20"}
    code, out, _ = call(recommend, "--evaluate", **given)
    assert code == 0
    assert [row[0] for row in lines(out)] == [
        "rule", "advice", "inclusion", "domain", "size", "coco", "random",
    ]  # fmt: skip


def test_an_evaluation_of_some_results_with_known_distances(call, tmp_path):
    depth = {"target_type": "depth", "metric": "rmse"}
    for changes in (
        {"value": 0.6, **CITY},
        {"value": 0.4, **CITY, "source": "suim"},
        {"value": 0.9, **CITY, "source_type": "depth"},
        {"value": 0.3, **CITY, **depth, "source_type": "depth"},
        {"value": 0.2, **CITY, **depth, "source_type": "depth", "source": "suim"},
    ):
        results.write_row(dataclasses.replace(BASELINE, **changes), tmp_path / "results")
    table = results.to_csv(results.load(tmp_path / "results"))
    (tmp_path / "results.csv").write_text(table)
    (tmp_path / "d.csv").write_text(
        "target,source,distance,value\n"
        "camvid,city,target_to_source,2\ncamvid,suim,target_to_source,1\n"
    )
    given = {"results": tmp_path / "results.csv", "distances": tmp_path / "d.csv"}

    def regret(**flags):
        code, out, err = call(recommend, "--evaluate", by="inclusion", **given, **flags)
        assert code == 0, err
        return next(row[1:3] for row in lines(out) if row[0] == "inclusion")

    # SUIM is nearer: a third worse for masks, the best for depth.
    third = f"{100 / 3:.6g}"
    assert regret(pairs="within_type", target_types="segmentation") == ["1", third]
    assert regret(pairs="within_type") == ["2", f"{50 / 3:.6g}"]
    assert regret(pairs="within_type", target_types="depth") == ["1", "0"]
    said = error(call(recommend, "--evaluate", **given, target_types="keypoints"))
    assert "no results of all to keypoints" in said
    assert "unknown task type" in error(call(recommend, "--evaluate", **given, target_types="mask"))
    misuse(call(recommend, target="camvid", pairs="within_type"))


def test_scores_of_a_ranking_of_ones_own(call, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text(
        "target,target_type,source,source_type,mine\n"
        "camvid,segmentation,coco,segmentation,2\n"
        "camvid,segmentation,city,segmentation,1\n"
    )
    given = ["--evaluate", "--published"]
    code, out, err = call(recommend, *given, scores=own)
    rules = {row[0]: row[1] for row in lines(out)}
    assert code == 0 and rules["size"] == "17" and "mine" not in rules, err
    only = call(recommend, *given, scores=own, by="mine", keep_scores=tmp_path / "kept.csv")
    kept = (tmp_path / "kept.csv").read_text()
    assert only[0] == 0 and sorted(kept.split()) == sorted(own.read_text().split())
    said = error(call(recommend, *given, scores=own, by="yours"))
    assert "--by: unknown rule 'yours'" in said
    misuse(call(recommend, *given, by="mine"))
    misuse(call(recommend, target="camvid", scores=own))
    own.write_text(own.read_text().replace(",2\n", ",much\n"))
    assert "own.csv: line 2: 'much' is no score" in error(call(recommend, *given, scores=own))


@pytest.mark.slow
def test_an_analysis_with_features(tmp_path, monkeypatch, capsys):
    feature_files.write_features(
        tmp_path / "f.npz", [make_features(n, seed=i) for i, n in enumerate(("camvid", "city"))]
    )
    for changes in ({}, {"value": 0.6, **CITY}):
        results.write_row(dataclasses.replace(BASELINE, **changes), tmp_path / "results")
    given = {"results": tmp_path / "results", "out": tmp_path / "o", "features": tmp_path / "f.npz"}
    flags = [f"--{name}={value}" for name, value in given.items()]
    code, out, _ = run(monkeypatch, capsys, *flags)
    assert code == 0 and out.splitlines()[-1] == str(tmp_path / "o" / "report.html")
    made = {path.name for path in (tmp_path / "o" / "appearance").iterdir()}
    assert {"distances.csv", "agreement.csv", "embedding-cosine.svg"} <= made
    again = [*flags[:2], f"--distances={tmp_path}/o/appearance/distances.csv"]
    assert run(monkeypatch, capsys, *again)[0] == 0
    assert run(monkeypatch, capsys, *flags, "--distances=d.csv")[0] == 2


def test_an_analysis_with_several_networks(tmp_path, monkeypatch, capsys):
    results.write_row(BASELINE, tmp_path / "results")
    for name in ("first", "second"):
        feature_files.write_features(
            tmp_path / f"{name}.npz", [make_features("camvid", weights=name, seed=len(name))]
        )
    given = [f"--results={tmp_path}/results", f"--out={tmp_path}/o"]
    both = f"--networks={tmp_path}/first.npz,{tmp_path}/second.npz"
    assert run(monkeypatch, capsys, *given, both)[0] == 0
    made = {path.name for path in (tmp_path / "o" / "appearance").iterdir()}
    assert made == {f"embedding-camvid.{suffix}" for suffix in ("csv", "png", "svg")}
    assert run(monkeypatch, capsys, "--published", both)[0] == 2


def test_what_a_recommendation_lacks_is_one_line(call, tmp_path):
    path = tmp_path / "f.npz"
    feature_files.write_features(path, [make_features("coco"), make_features("city", width=5)])
    said = error(call(recommend, target="camvid", features=path))
    assert "no file has features of camvid and of another dataset" in said
    said = error(call(recommend, target="city", features=path))
    assert "coco and city have 4 and 5 numbers an image" in said
    path.write_bytes(path.read_bytes()[:300])
    said = error(call(recommend, target="city", features=path))
    assert f"{path}: not a whole file of features" in said
    assert "did you mean 'city'" in error(call(recommend, target="citi"))
    said = error(call(recommend, target="camvid", by="logme"))
    assert "no file has points of camvid:segmentation by a source model" in said


@pytest.mark.parametrize(
    ("switches", "flags"),
    [
        ([], {}),
        (["--evaluate"], {}),
        (["--evaluate", "--published"], {"target": "camvid"}),
        (["--evaluate", "--published"], {"features": "f"}),
        (["--evaluate", "--published"], {"results": "r"}),
        ([], {"target": "camvid", "by": "size,domain"}),
        ([], {"target": "camvid", "by": "fitted"}),
        ([], {"target": "camvid", "setting": "full"}),
        (["--evaluate", "--published"], {"setting": "full"}),
        (["--published"], {"target": "camvid"}),
        ([], {"target": "camvid", "by": "weight"}),
    ],
)
def test_wrong_usage_of_recommend_is_2(call, switches, flags):
    misuse(call(recommend, *switches, **flags))
