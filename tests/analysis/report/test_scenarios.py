import pytest

from foi_tf.analysis.measures.scenario_comparison import compare_best_sources, compare_scenarios
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import tables
from foi_tf.analysis.report.report import write_report
from foi_tf.analysis.report.scenario_tables import build_scenario_tables, name_scenarios

RESNET = {"backbone": "resnet50"}
# By target and source, the value in one scenario and in another one.
VALUES = {
    "camvid": {
        "ilsvrc": (0.5, 0.4),
        "city:segmentation": (0.6, 0.44),  # +20 %, +10 %.
        "coco:segmentation": (0.55, 0.46),  # +10 %, +15 %.
        "isprs:segmentation": (0.45, 0.42),  # -10 %, +5 %.
        "vkitti2:segmentation": (0.505, 0.432),  # +1 %, +8 %.
    },
    "isprs": {
        "ilsvrc": (0.5, 0.4),
        "coco:segmentation": (0.475, 0.396),  # -5 %, -1 %.
        "city:segmentation": (0.45, 0.32),  # -10 %, -20 %.
    },
    "sunrgbd": {
        "ilsvrc": (0.5, 0.4),
        "coco:segmentation": (0.52, 0.52),  # +4 %, +30 %.
        "city:segmentation": (0.6, None),  # In one scenario only.
    },
}


@pytest.fixture(name="rows")
def _rows(make_results):
    rows = []
    for target, sources in VALUES.items():
        for source, (one, other) in sources.items():
            rows.append((f"{target}:segmentation", source, one))
            if other is not None:
                rows.append((f"{target}:segmentation", source, other, RESNET))
    return make_results(*rows)


@pytest.fixture(name="networks")
def _networks(rows):
    return name_scenarios(StudyAnalysis(rows))


def test_a_scenario_is_a_backbone_with_its_initial_weights(networks):
    assert list(networks) == ["hrnet_w48, from ilsvrc", "resnet50, from ilsvrc"]


def test_gains_that_keep_their_sign_are_counted(networks):
    first, second = networks.values()
    assert compare_scenarios(first, second) == pytest.approx(
        {
            "chains": 7,
            "value": (-0.16 - 0.09 - 0.03 - 0.073 - 0.079 - 0.13 + 0) / 7,
            "baseline": -0.1,
            "beyond": 6,  # All but +1 %.
            "same_sign": 100 * 5 / 6,  # All but -10 % to +5 %.
            "kept": 100 * 4 / 6,  # Nor -5 % to -1 %.
            "turned": 100 / 3,
            "stronger": 100 * 4 / 7,
            "targets": 2,
            "best": 50,  # For sunrgbd, but not for camvid,
            "three": 100,  # which has the same three.
        }
    )
    back = compare_scenarios(second, first)
    assert back["beyond"] == 6 and back["turned"] == 0
    assert (back["same_sign"], back["kept"]) == pytest.approx((100 * 5 / 6, 100 * 4 / 6))
    same = compare_scenarios(first, first)
    assert (same["kept"], same["turned"], same["stronger"], same["best"]) == (100, 0, 0, 100)


def test_best_sources_are_followed(networks):
    found = compare_best_sources(*networks.values())
    assert found.target.tolist() == ["camvid", "sunrgbd"]
    assert found.source.tolist() == ["city:segmentation", "coco:segmentation"]
    assert found.best_2.tolist() == ["coco:segmentation"] * 2
    assert found.gain.tolist() == pytest.approx([20, 4])
    assert found.gain_2.tolist() == pytest.approx([10, 30])
    assert found.best_gain_2.tolist() == pytest.approx([15, 30])
    assert found.kept.tolist() == ["three", "best"]
    # With three sources in all, the best three cannot differ.
    first, second = (own[own.source != "vkitti2"] for own in networks.values())
    assert compare_best_sources(first, second).kept.tolist() == ["no", "best"]


def test_tables_compare_in_both_directions(rows):
    comparison, best = build_scenario_tables(StudyAnalysis(rows), {})
    assert comparison.data["held against"].tolist() == [
        "resnet50, from ilsvrc", "hrnet_w48, from ilsvrc",
    ]  # fmt: skip
    assert comparison.texts["same sign and beyond 2 %"].tolist() == ["67", "67"]
    assert comparison.texts["metric, mean change"].tolist() == ["-0.080", "+0.080"]
    assert "| camvid | city:segmentation | coco:segmentation | among the same three |" in (
        tables.to_markdown(best)
    )
    alone = StudyAnalysis(rows[rows.backbone == "resnet50"])
    assert build_scenario_tables(alone, {}) == []


def test_scenarios_without_a_chain_in_common_are_not_compared(make_results):
    camvid, city, coco = "camvid:segmentation", "city:segmentation", "coco:segmentation"
    frame = make_results(
        (camvid, "ilsvrc", 0.5), (camvid, city, 0.6),
        (camvid, "ilsvrc", 0.5, RESNET), (camvid, coco, 0.6, RESNET),
    )  # fmt: skip
    analysis = StudyAnalysis(frame)
    assert len(name_scenarios(analysis)) == 2 and build_scenario_tables(analysis, {}) == []


@pytest.mark.slow
def test_self_supervised_sources_are_held_against_the_baseline(make_results, tmp_path):
    begun = RESNET | {"init": "ilsvrc:contrastive"}
    frame = make_results(
        ("camvid:segmentation", "ilsvrc", 0.42, begun),
        ("camvid:segmentation", "coco:contrastive", 0.35, begun),
        ("coco:segmentation", "ilsvrc", 0.5, begun),
        ("coco:segmentation", "coco:contrastive", 0.48, begun),
    )
    (one,) = build_scenario_tables(StudyAnalysis(frame), {})
    assert one.texts.iloc[0].tolist()[1:] == [
        "segmentation", "resnet50, from ilsvrc:contrastive", "coco", "2", "100", "100", "-0.045",
        "-0.020",
    ]  # fmt: skip
    text = write_report(StudyAnalysis(frame), tmp_path / "out").read_text()
    assert one.title in text and "Table A.4: " in text


@pytest.mark.slow
def test_rows_of_a_directory_of_their_own_are_a_scenario(rows, tmp_path):
    fixed = rows[rows.backbone == "hrnet_w48"]
    others = {"fixed_size": StudyAnalysis(fixed)}
    text = write_report(StudyAnalysis(rows), tmp_path / "out", others).read_text()
    assert "Table A.1: " in text and "fixed_size: hrnet_w48, from ilsvrc" in text
    table = (tmp_path / "out" / "tables" / "further-scenarios.csv").read_text()
    assert len(table.splitlines()) == 1 + 3 * 2
    for suffix in ("csv", "md", "tex"):
        assert (tmp_path / "out" / "tables" / f"further-best_in_scenarios.{suffix}").exists()
