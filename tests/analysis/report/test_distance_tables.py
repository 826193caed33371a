import pandas as pd
import pytest
from scipy import stats

from foi_tf.analysis.measures import distance, gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.distance_tables import build_distance_tables
from foi_tf.analysis.report.report import write_report
from foi_tf.errors import FoiError

GAINS = {("camvid", "city"): 20, ("camvid", "coco"): 5, ("camvid", "isprs"): -10,
         ("isprs", "coco"): -5, ("isprs", "city"): -8}  # fmt: skip
NEAR = {("camvid", "city"): 1.0, ("camvid", "coco"): 3.0, ("camvid", "isprs"): 2.0,
        ("isprs", "coco"): 4.0, ("isprs", "city"): 5.0}  # fmt: skip


@pytest.fixture
def frame(make_results):
    return make_results(
        *[(f"{target}:segmentation", "ilsvrc", 0.5) for target in ("camvid", "isprs")],
        *[
            (f"{target}:segmentation", f"{source}:segmentation", 0.5 * (1 + gain / 100),
             {"setting": "small_source"})
            for (target, source), gain in GAINS.items()
        ],
    )  # fmt: skip


@pytest.fixture
def distances():
    lines = [(*pair, distance.INCLUSION, value) for pair, value in NEAR.items()]
    lines += [(*pair, "source_to_target", 1 / value) for pair, value in NEAR.items()]
    return pd.DataFrame(lines, columns=distance.COLUMNS)


def test_table_10_by_hand_and_by_scipy(frame, distances):
    ten = build_distance_tables(gains.with_gains(frame), distances)[1]
    assert ten.id == "10"
    # By nearness 1 2 3 4 5: gains 20, -10, 5, -5, -8; of 10 pairs those of -10 with 5, -5 and -8
    # run the other way.
    assert ten.data["τ"].tolist()[:2] == pytest.approx([(7 - 3) / 10, (3 - 7) / 10])
    expected = stats.kendalltau([-NEAR[x] for x in GAINS], list(GAINS.values())).statistic
    assert ten.data["τ"].iloc[0] == pytest.approx(expected)
    assert ten.data.pairs.tolist() == [5] * 4 and ten.data.targets.tolist() == [2] * 4
    assert ten.data.factor.tolist() == [
        "(2) Target image → closest source image", "(3) Source image → closest target image",
        "Training images of the source", "Same image domain",
    ]  # fmt: skip


def test_table_9_by_domain(frame, distances):
    nine = build_distance_tables(gains.with_gains(frame), distances)[0]
    assert nine.id == "9"
    assert list(nine.data) == ["domain", "target", "coco", "city", "isprs"]
    assert nine.data.set_index("target").loc["camvid", "city"] == 1.0
    assert nine.texts.set_index("target").loc["isprs", "isprs"] == "–"
    assert nine.shades["city"].tolist()[0] == "#ffffff"  # The nearest.


def test_the_report_has_them(frame, distances, tmp_path):
    text = write_report(StudyAnalysis(frame, distances=distances), tmp_path).read_text()
    assert "Table 9: Distance" in text and "Table 10: Gain and" in text
    assert (tmp_path / "figures" / "table-9.svg").exists()


def test_other_distances_alone_fill_table_10(frame, distances, tmp_path):
    others = distances[distances.distance != distance.INCLUSION]
    text = write_report(StudyAnalysis(frame, distances=others), tmp_path).read_text()
    assert "Table 9: " not in text and "Table 10: Gain and" in text


def test_distances_are_read(distances, tmp_path):
    path = tmp_path / "distances.csv"
    distances.to_csv(path, index=False)
    pd.testing.assert_frame_equal(distance.read_distances(path), distances, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target,source,value\na,b,1\n", "has no column 'distance'"),
        ("target,source,distance,value\na,b,mean,x\n", "line 2: 'x' is no distance"),
        ("target,source,distance,value\na,b,mean,1\na,b,mean,2\n", "line 3: a, b, mean is there"),
        ("target,source,distance,value\na,,mean,1\n", "line 2: has no 'source'; fill it in"),
        ("", "no CSV"),
        ("target,source,distance,value\n", "has no distance"),
    ],
)
def test_bad_distances_are_named(tmp_path, text, message):
    path = tmp_path / "distances.csv"
    path.write_text(text)
    with pytest.raises(FoiError, match=message):
        distance.read_distances(path)
    with pytest.raises(FoiError, match="no such file"):
        distance.read_distances(tmp_path / "none.csv")
