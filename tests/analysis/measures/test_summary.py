import math

import pytest

from foi_tf.analysis.measures import gains, summary
from foi_tf.analysis.report import tables
from foi_tf.analysis.report.summary_tables import build_summary_tables
from foi_tf.study.registry import DATASETS

CAMVID = "camvid:segmentation"
SHARES = ["P", "VP", "N"]


def by_constraint(table):
    return table.set_index(["domain", "type"])


def test_shares_as_in_table_7(study):
    # camvid: city +25, coco +5, isprs -10, coco:detection +1; isprs: coco -5, multi +5;
    # sunrgbd: vkitti2 +25, coco:segmentation -10.
    table = by_constraint(summary.effect_shares(gains.with_gains(study)))
    assert table["count"].tolist() == [8, 2, 0, 4, 2]
    assert table.loc[("all", "all"), SHARES].tolist() == [50, 25, 37.5]
    assert table.loc[("within", "within"), SHARES].tolist() == [100, 50, 0]
    assert table.loc[("cross", "within"), SHARES].tolist() == [50, 25, 50]
    assert table.loc[("cross", "cross"), SHARES].tolist() == [0, 0, 50]
    assert math.isnan(table.loc[("within", "cross"), "P"])


def test_shares_of_best_sources_as_in_table_8(study):
    # Best: camvid +25 (within domain +25, across +5, across type +1), isprs +5 (multi; across
    # -5), sunrgbd +25 (across type -10).
    table = by_constraint(summary.best_effect_shares(gains.with_gains(study)))
    assert table["count"].tolist() == [3, 2, 0, 3, 2]
    assert table.loc[("all", "all"), SHARES].tolist() == pytest.approx([100, 200 / 3, 0])
    assert table.loc[("within", "within"), SHARES].tolist() == [100, 50, 0]
    assert table.loc[("cross", "within"), SHARES].tolist() == pytest.approx(
        [200 / 3, 100 / 3, 100 / 3]
    )
    assert table.loc[("cross", "cross"), SHARES].tolist() == [0, 0, 50]


def test_transfers_without_a_gain_do_not_count(make_results):
    frame = gains.with_gains(make_results((CAMVID, "coco:segmentation", 0.6)))
    assert summary.effect_shares(frame)["count"].tolist() == [0] * 5
    assert summary.best_sources(frame).empty


def test_the_paper_s_counts_come_out(complete):
    frame = gains.with_gains(complete(lambda chain, setting: 0.0))
    for setting, pairs, targets in (("small", (64, 242), (22, 27)), ("full", (78, 242), (26, 27))):
        own = frame[frame.setting == setting]
        for make, expected in (
            (summary.effect_shares, pairs),
            (summary.best_effect_shares, targets),
        ):
            counts = by_constraint(make(own))["count"]
            assert (counts["within", "within"], counts["cross", "within"]) == expected
        assert by_constraint(summary.best_effect_shares(own))["count"]["all", "all"] == 27


def test_known_percentages_come_out(complete):
    # Within the domain +20 for segmentation and +5 else; across -5 for segmentation and 0 else.
    def gain_of(chain, setting):
        near, dense = chain.within_domain(DATASETS), chain.target.type == "segmentation"
        return (20 if dense else 5) if near else (-5 if dense else 0)

    frame = gains.with_gains(complete(gain_of, ["small"]))
    # Within: 48 pairs and 10 multi-source of segmentation, 6 others. Across: 224 and 18.
    table = by_constraint(summary.effect_shares(frame))
    within, across = table.loc[("within", "within")], table.loc[("cross", "within")]
    assert within[SHARES].tolist() == pytest.approx([100, 100 * 58 / 64, 0])
    assert across[SHARES].tolist() == pytest.approx([0, 0, 100 * 224 / 242])
    best = by_constraint(summary.best_effect_shares(frame))
    # 16 segmentation targets (all but suim), 2 each of the others.
    assert best.loc[("within", "within"), SHARES].tolist() == pytest.approx([100, 1600 / 22, 0])
    assert best.loc[("cross", "within"), SHARES].tolist() == pytest.approx([0, 0, 1700 / 27])
    assert best.loc[("all", "all"), SHARES].tolist() == pytest.approx(
        [2200 / 27, 1600 / 27, 100 / 27]
    )


def test_table_11_by_hand(make_results):
    coco, pvoc, camvid = (
        f"{name}:{kind}"
        for name, kind in (("coco", "detection"), ("pvoc", "detection"), (CAMVID[:6], "detection"))
    )
    frame = gains.with_gains(
        make_results(
            *[(target, "ilsvrc", 0.5) for target in (coco, pvoc, camvid)],
            (coco, "coco:segmentation", 0.6),  # Same dataset, +20 %.
            (pvoc, "pvoc:segmentation", 0.4),  # Same dataset, -20 %.
            (coco, "pvoc:segmentation", 0.5),  # Same domain, 0 %.
            (pvoc, "multi:segmentation", 0.6),  # Same domain, +20 %.
            (pvoc, "coco:segmentation", 0.6),  # Same domain, +20 %.
            (camvid, "coco:segmentation", 0.6),  # Another domain: does not count.
            (pvoc, "coco:detection", 0.6),  # The same task type: does not count.
        )
    )
    (row,) = summary.cross_type_shares(frame).to_dict("records")
    assert row == pytest.approx(
        {
            "source_type": "segmentation", "target_type": "detection",
            "same_P": 50, "same_N": 50, "same_count": 2,
            "other_P": 200 / 3, "other_N": 0, "other_count": 3,
        }
    )  # fmt: skip


def test_datasets_without_a_domain_are_neither_within_nor_across(make_results):
    nowhere = {"target_domain": "", "source_domain": ""}
    frame = gains.with_gains(
        make_results((CAMVID, "ilsvrc", 0.5, nowhere), (CAMVID, "city:segmentation", 0.6, nowhere))
    )
    assert summary.effect_shares(frame)["count"].tolist() == [1, 0, 0, 0, 0]


def test_best_sources(study):
    best = summary.best_sources(gains.with_gains(study))
    assert set(best.target[:2]) == {"camvid", "sunrgbd"} and best.target[2] == "isprs"
    by_target = best.set_index("target")
    assert by_target.source.to_dict() == {"camvid": "city", "sunrgbd": "vkitti2", "isprs": "multi"}
    assert by_target.gain.to_dict() == pytest.approx({"camvid": 25, "sunrgbd": 25, "isprs": 5})
    assert by_target.sources.to_dict() == {"camvid": 4, "sunrgbd": 2, "isprs": 2}


def test_settings_stand_side_by_side(complete):
    frame = gains.with_gains(complete(lambda chain, setting: 5.0))
    seven, eight = (one for one in build_summary_tables(frame) if one.id in ("7", "8"))
    assert (seven.id, eight.id) == ("7", "8")
    assert [name for name in seven.data if name.startswith("#")] == ["# (small)", "# (full)"]
    lines = tables.to_markdown(seven).splitlines()
    assert "| within | within | 100 | 0 | 0 | 64 | 100 | 0 | 0 | 78 |" in lines
    assert "| within | cross | – | – | – | 0 | – | – | – | 0 |" in lines
