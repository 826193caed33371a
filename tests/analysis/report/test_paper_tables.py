import collections
import math

import pytest

from foi_tf.analysis.measures import depth_accuracy, gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import depth_accuracy_tables, paper_tables, report, tables
from foi_tf.study import grid
from foi_tf.study.registry import DATASETS

CAMVID, CITY = "camvid:segmentation", "city:segmentation"


@pytest.fixture
def made(study):
    return {one.id: one for one in paper_tables.build_paper_tables(gains.with_gains(study))}


def test_a_study_fills_the_paper_s_tables(made):
    assert list(made) == ["4a", "4b", "4e", "A.5a", "A.6", "A.9a"]


@pytest.fixture(scope="module")
def whole(complete):
    """All tables of a complete study, and the number of chains with a source in each."""
    frame = complete(lambda chain, setting: 12.0, grid.SETTINGS, "all")
    tables = paper_tables.build_paper_tables(gains.with_gains(frame))
    return tables, frame


def filled(table):
    numbers = table.data.iloc[:, table.words :]
    sources = [name for name in numbers if name.split(" ")[0] not in ("ilsvrc", "scratch")]
    return int(numbers[sources].notna().to_numpy().sum())


def test_a_complete_study_fills_all_of_them(whole):
    tables, _ = whole
    ids = [table.id for table in tables]
    wanted = {paper.id for paper in paper_tables.PAPER_TABLES if not paper.backbone}
    assert set(ids) >= wanted - {"A.4"}
    assert len({table.name for table in tables}) == len(tables)
    by_id = {table.id: table for table in tables}
    counts = collections.Counter(
        (setting, chain.target.type, chain.within_type)
        for setting in grid.SETTINGS
        for chain in grid.chains(DATASETS, setting, "all")
    )
    assert filled(by_id["4a"]) == counts["small", "segmentation", True] == 272 + 10
    assert filled(by_id["5a"]) == counts["full", "segmentation", True] == 272 + 17
    assert filled(by_id["6"]) == 272
    assert filled(by_id["4b"]) == counts["small", "segmentation", False]
    assert (
        filled(by_id["4d"])
        == counts["small", "keypoints", True] + counts["small", "keypoints", False]
    )
    assert filled(by_id["A.5a"]) == 2 * filled(by_id["4a"])  # Absolute and relative.


def test_no_chain_is_lost(whole):
    tables, frame = whole
    shown = sum(filled(table) for table in tables if not table.id.startswith("A."))
    further = [table for table in tables if not table.id]
    # All target images of segmentation from other types: in no table of the paper.
    assert [table.title for table in further] == [
        "Segmentation from other task types, all target images (hrnet_w48, from ilsvrc)"
    ]
    twice = filled(further[0]) // 2  # It prints absolute values, too.
    assert shown - twice == (frame.source_type != "").sum()


def test_targets_and_sources_stand_in_the_order_of_the_paper(make_results):
    sources = [CITY, CAMVID, "coco:segmentation", "pvoc:segmentation", "multi:segmentation",
               "sunrgbd:segmentation", "isprs:segmentation"]  # fmt: skip
    frame = make_results(
        *[(target, "ilsvrc", 0.5) for target in sources if "multi" not in target],
        *[("isprs:segmentation", source, 0.5) for source in sources[:-1]],
        ("isprs:segmentation", "scratch", 0.2),
        *[(target, "isprs:segmentation", 0.5) for target in sources if "multi" not in target],
    )
    table = paper_tables.build_paper_tables(gains.with_gains(frame))[0]
    assert list(table.data)[2:] == [
        "pvoc", "coco", "camvid", "city", "isprs", "sunrgbd", "multi", "ilsvrc", "scratch",
    ]  # fmt: skip
    # All targets have 150 images here; their sizes as sources order them.
    assert [name.split(" ")[0] for name in table.data.target] == [
        "pvoc", "coco", "camvid", "city", "isprs", "sunrgbd",
    ]  # fmt: skip
    assert list(table.groups) == [
        "", "", "consumer", "consumer", "driving", "driving", "aerial", "indoor", "multi-source",
        "no source", "no source",
    ]  # fmt: skip


def test_cells_by_hand(made):
    table = made["4a"].data.set_index("target").loc["camvid (mIoU)"]
    expected = {"coco": 5, "city": 25, "isprs": -10, "multi": math.nan, "ilsvrc": 0, "scratch": -40}
    assert table.drop("domain").to_dict() == pytest.approx(expected, nan_ok=True)
    texts = made["4a"].texts.set_index("target").loc["camvid (mIoU)"]
    assert texts["city"] == "+25.0 ± 7.1 (2)" and texts["multi"] == "–"
    assert made["4b"].data["coco"].tolist() == pytest.approx([1])
    assert made["4e"].data["vkitti2:depth"].tolist() == pytest.approx([25])
    assert made["4e"].data["coco:segmentation"].tolist() == pytest.approx([-10])


def test_absolute_values_stand_left_of_gains(made):
    table = made["A.5a"].data.set_index("target").loc["isprs (mIoU)"]
    assert table["coco (absolute)"] == 0.38 and table["coco (gain, %)"] == pytest.approx(-5)
    assert table["multi (absolute)"] == 0.42 and table["multi (gain, %)"] == pytest.approx(5)
    names = list(made["A.5a"].data)
    assert names.index("scratch (absolute)") < names.index("coco (gain, %)")


def test_missing_cells_say_why(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, CITY, math.nan),
        (CITY, CAMVID, 0.5),
        (CITY, "coco:segmentation", 0.5),
    )
    table = paper_tables.build_paper_tables(gains.with_gains(frame))[0]
    camvid, city = (table.texts.set_index("target").loc[f"{x} (mIoU)"] for x in ("camvid", "city"))
    assert (camvid["city"], camvid["coco"], camvid["camvid"]) == ("failed", "–", "")
    assert city["camvid"] == "no base"
    hovers = table.hovers.set_index(table.texts.target).loc["camvid (mIoU)"]
    assert hovers["city"].endswith("ended without a value")
    assert hovers["coco"] == "coco:segmentation → camvid:segmentation: not run"
    assert hovers["camvid"].endswith("are the same task")


def test_limited_sources_are_shown_with_the_baseline_of_the_small_setting(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6, {"setting": "small_source"}))
    (six, absolute) = paper_tables.build_paper_tables(gains.with_gains(frame))
    assert (six.id, absolute.id) == ("6", "A.5c")
    assert list(six.data)[2:] == ["city", "ilsvrc"]


def test_targets_without_sources_have_a_table_of_their_own(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CITY, "ilsvrc", 0.5), (CITY, CAMVID, 0.6))
    *_, without = paper_tables.build_paper_tables(gains.with_gains(frame))
    assert without.id == "" and "without a source" in without.title
    assert without.data["ilsvrc (absolute)"].tolist() == [0.5]


def test_other_networks_fill_appendix_b(make_results):
    resnet, simclr = {"backbone": "resnet50"}, {"backbone": "resnet50", "init": "simclr"}
    detection = "coco:detection"
    frame = make_results(
        *[(CAMVID, source, 0.5, kind) for kind in (resnet, simclr) for source in ("ilsvrc", CITY)],
        (detection, "ilsvrc", 0.5, resnet),
        (detection, CITY, 0.6, resnet),
        (CAMVID, "ilsvrc", 0.5, {"init": "simclr"}),
        (CAMVID, "coco:contrastive", 0.4, {"init": "simclr"}),
    )
    tables = paper_tables.build_paper_tables(gains.with_gains(frame))
    assert collections.Counter(table.id for table in tables) == {
        "A.2a": 1, "A.2b": 1, "A.3": 1, "A.4": 1,
    }  # fmt: skip
    chain = next(table for table in tables if table.id == "A.4")
    assert chain.data["coco (gain, %)"].tolist() == pytest.approx([-20])


def test_a_fixed_input_size_is_table_a1(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6))
    (one,) = paper_tables.build_paper_tables(gains.with_gains(frame), [paper_tables.FIXED_SIZE])
    assert one.id == "A.1" and one.data["city (gain, %)"].tolist() == pytest.approx([20])


def depth_row(source, rmse, delta1, **changes):
    return "sunrgbd:depth", source, rmse, {"extra": {"delta1": delta1}} | changes


def test_depth_has_a_second_table_by_accuracy(make_results):
    """Table A.9 prints RMSE and delta < 1.25, absolute and as a gain."""
    frame = make_results(
        depth_row("ilsvrc", 0.80, 0.50),
        depth_row("ilsvrc", 0.80, 0.60, setting="full"),
        depth_row("vkitti2:depth", 0.60, 0.65),
        depth_row("vkitti2:depth", 0.70, 0.90, learning_rate=0.1),  # A worse RMSE.
        depth_row("vkitti2:depth", 0.60, 0.54, setting="full"),
        ("sunrgbd:depth", "coco:segmentation", 0.88),  # Without the accuracy.
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, CITY, 0.6),
    )
    found = report.build_tables(StudyAnalysis(frame), {}, {})["transfers"]
    few, all_images = (one for one in found if one.id.startswith("A.9") and "δ < 1.25" in one.title)
    assert (few.id, all_images.id) == ("A.9a", "A.9b")
    assert len({one.name for one in found}) == len(found)
    assert few.data["target"].tolist() == ["sunrgbd (δ < 1.25)"]
    assert not [name for name in few.data if name.startswith("coco")]
    assert few.data["vkitti2 (absolute)"].tolist() == [0.65]
    # More is better, unlike for RMSE.
    assert few.data["vkitti2 (gain, %)"].tolist() == pytest.approx([30])
    assert all_images.data["vkitti2 (gain, %)"].tolist() == pytest.approx([-10])
    assert few.data["ilsvrc (absolute)"].tolist() == [0.5]
    assert r"$\delta$ $<$ 1.25" in tables.to_latex(few)


def test_rows_without_the_accuracy_have_no_such_table(study):
    found = depth_accuracy.compute_delta1_gains(StudyAnalysis(study))
    assert depth_accuracy_tables.build_depth_accuracy_tables(found) == []
