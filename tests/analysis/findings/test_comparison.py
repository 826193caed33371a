import dataclasses

import numpy as np
import pytest

from foi_tf.analysis.findings import comparison, evidence
from foi_tf.analysis.findings.evidence import Evidence, Finding
from foi_tf.errors import FoiError
from foi_tf.study import results
from tests.analysis.conftest import make_row

ASKED = Evidence(
    what="share", found="60 %", paper="85 %", count=12, threshold="more", holds=True,
    draws=np.array([1, 1, 1, 1, 0.0]),
)  # fmt: skip
SHOWN = Evidence(what="more of it", found="1", paper="", count=3)


def finding(*evidence):
    return Finding(id="A1", claim="It helps.", needs="chains", evidence=evidence)


def test_studies_stand_side_by_side():
    other = dataclasses.replace(ASKED, found="40 %", holds=False, count=9, draws=np.zeros(200))
    few = dataclasses.replace(SHOWN, count=0)
    table = comparison.compare_as_markdown(
        {"mini": [finding(ASKED, few)], "real": [finding(other)]}
    )
    assert table.splitlines() == [
        "| Claim, and what was asked | the paper | mini | real |",
        "|  ---  |  ---  |  ---  |  ---  |",
        "| **A1** It helps. |  | **probably holds** (p = 0.80) | **does not hold** (p < 0.01) |",
        "| share | 85 % | 60 % (of 12); p = 0.80 | 40 % (of 9); p < 0.01 |",
        "| more of it | – | – | – |",
    ]


def test_a_study_is_judged_from_its_tables(tmp_path):
    specs = [(f"{name}:segmentation", source, value)
             for name in ("coco", "pvoc", "camvid", "city", "sunrgbd")
             for source, value in (("ilsvrc", 0.5), ("scratch", 0.4))]  # fmt: skip
    for spec in specs:
        results.write_row(make_row(*spec), tmp_path / "rows")
    (tmp_path / "results.csv").write_text(results.to_csv(results.load(tmp_path / "rows")))
    first, *others = comparison.judge_study(comparison.load_study(tmp_path), str(tmp_path))
    assert first.verdict == evidence.HOLDS
    assert {one.verdict for one in others} == {evidence.NOT_ENOUGH}
    (tmp_path / "distances.csv").write_text("target,source\n")
    with pytest.raises(FoiError, match=r"distances\.csv: has no column 'distance'"):
        comparison.judge_study(comparison.load_study(tmp_path), str(tmp_path))
    with pytest.raises(FoiError, match=r"results\.csv: .*cannot be read"):
        comparison.load_study(tmp_path / "none")


def test_studies_of_several_networks_are_refused(tmp_path):
    for backbone in ("hrnet_w48", "resnet50"):
        for source, value in (("ilsvrc", 0.5), ("city:segmentation", 0.6)):
            row = make_row("camvid:segmentation", source, value, backbone=backbone)
            results.write_row(row, tmp_path / "rows")
    (tmp_path / "results.csv").write_text(results.to_csv(results.load(tmp_path / "rows")))
    with pytest.raises(FoiError, match="hrnet_w48 from ilsvrc and resnet50 from ilsvrc; keep"):
        comparison.judge_study(comparison.load_study(tmp_path), str(tmp_path))
