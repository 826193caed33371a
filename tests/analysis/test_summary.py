import math

import pytest

from foi_tf.analysis import gains, summary

CAMVID = "camvid:segmentation"


def test_shares_as_in_table_7(study):
    # camvid: city +25, coco +5, isprs -10, coco:detection +1; isprs: coco -5, multi +5;
    # sunrgbd: vkitti2 +25, coco:segmentation -10.
    table = summary.shares(gains.with_gains(study)).set_index(["domain", "type"])
    assert table["count"].tolist() == [8, 2, 0, 4, 2]
    assert table.loc[("all", "all"), ["P", "VP", "N"]].tolist() == [50, 25, 37.5]
    assert table.loc[("within", "within"), ["P", "VP", "N"]].tolist() == [100, 50, 0]
    assert table.loc[("cross", "within"), ["P", "VP", "N"]].tolist() == [50, 25, 50]
    assert table.loc[("cross", "cross"), ["P", "VP", "N"]].tolist() == [0, 0, 50]
    assert math.isnan(table.loc[("within", "cross"), "P"])


def test_transfers_without_a_gain_do_not_count(make_results):
    frame = gains.with_gains(make_results((CAMVID, "coco:segmentation", 0.6)))
    assert summary.shares(frame)["count"].tolist() == [0] * 5
    assert summary.best_sources(frame).empty


def test_best_sources(study):
    best = summary.best_sources(gains.with_gains(study))
    assert best.target.tolist() == ["camvid", "sunrgbd", "isprs"] or best.target.tolist() == [
        "sunrgbd", "camvid", "isprs",
    ]  # fmt: skip
    by_target = best.set_index("target")
    assert by_target.source.to_dict() == {"camvid": "city", "sunrgbd": "vkitti2", "isprs": "multi"}
    assert by_target.gain.to_dict() == pytest.approx({"camvid": 25, "sunrgbd": 25, "isprs": 5})
    assert by_target.sources.to_dict() == {"camvid": 4, "sunrgbd": 2, "isprs": 2}


def test_notes_name_what_makes_gains_doubtful(make_results, study):
    assert summary.notes(study, gains.with_gains(study)) == []
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5),
        (CAMVID, "ilsvrc", 0.4, {"config_digest": "other"}),
        (CAMVID, "coco:segmentation", 0.5),
        (CAMVID, "coco:segmentation", 0.6, {"learning_rate": 0.1}),
        ("isprs:segmentation", "coco:segmentation", math.nan),
    )
    diverged, mixed, uneven = summary.notes(frame, gains.with_gains(frame))
    assert diverged.startswith("1 run ended without a value")
    assert mixed.startswith("1 run happened under several configurations")
    assert uneven.startswith("1 chain tried another number of learning rates")
