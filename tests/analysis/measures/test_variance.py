import itertools

import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.measures import gains, variance
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.report import write_report
from foi_tf.analysis.report.variance_tables import build_variance_tables

SOURCES = {
    "coco:segmentation": 0.1, "coco:detection": 0.05, "city:segmentation": -0.1,
    "vkitti2:segmentation": -0.05, "vkitti2:depth": 0.0,
}  # fmt: skip
TARGETS = {"camvid": 0.5, "pvoc": 0.4, "sunrgbd": 0.25, "isprs": 0.3}


def rows(make_results, gain, left_out=()):
    """Results whose gain (%) is `gain(target, source)`."""
    kind = "segmentation"
    found = [(f"{target}:{kind}", "ilsvrc", base) for target, base in TARGETS.items()]
    found += [
        (f"{t}:{kind}", s, TARGETS[t] * (1 + gain(t, s) / 100))
        for t, s in itertools.product(TARGETS, SOURCES)
        if (t, s) not in left_out
    ]
    return make_results(*found)


def shares(*given):
    return variance.explain_variance(gains.with_gains(rows(*given)))


def test_gains_of_the_source_alone(make_results):
    found = shares(make_results, lambda t, s: 100 * SOURCES[s])
    expected = {"chains": 20, "target": 0, "source": 100, "pair": 0}
    assert found == pytest.approx(expected | {"deviation": 50**0.5}, abs=1e-9)


@pytest.mark.parametrize("left_out", [(), [("camvid", "city:segmentation")]])
def test_gains_that_add_up_leave_nothing_to_the_pair(make_results, left_out):
    found = shares(make_results, lambda t, s: 100 * (SOURCES[s] - TARGETS[t]), left_out)
    assert found["pair"] == pytest.approx(0, abs=1e-9) and found["chains"] == 20 - len(left_out)
    assert found["target"] + found["source"] == pytest.approx(100)
    assert found["target"] > 10 and found["source"] > 10


def test_gains_of_the_pair_alone(make_results):
    targets, sources = list(TARGETS), list(SOURCES)
    latin = np.array([[1, -1, 0, 0, 0], [-1, 1, 0, 0, 0], [0, 0, 1, -1, 0], [0, 0, -1, 1, 0]])
    found = shares(make_results, lambda t, s: latin[targets.index(t), sources.index(s)])
    assert found["pair"] == pytest.approx(100)


def test_noise_is_of_the_pair(study_of_noise):
    found = variance.explain_variance(study_of_noise)
    assert found["source"] < 6 and found["target"] < 6 and found["pair"] > 90
    # Without a correction, 14 of 119 degrees of freedom make 12 % of the sources.


@pytest.fixture
def study_of_noise():
    rng = np.random.default_rng(1)
    pairs = list(itertools.product(range(8), range(15)))
    frame = pd.DataFrame(pairs, columns=["target", "source"])
    return frame.assign(target_type="depth", source_type="depth", gain=rng.normal(size=len(pairs)))


def test_few_or_equal_gains_say_nothing(make_results):
    own = gains.with_gains(rows(make_results, lambda t, s: 100 * SOURCES[s]))
    assert variance.explain_variance(own[own.target != "pvoc"]) is None
    assert variance.explain_variance(own[own.source != "vkitti2"]) is None
    assert variance.explain_variance(own[own.source == "ilsvrc"]) is None
    assert variance.explain_variance(own.assign(gain=3.0)) is None
    assert build_variance_tables(own[own.target != "pvoc"]) == []


def test_the_report_says_it(make_results, tmp_path):
    own = rows(make_results, lambda t, s: 100 * SOURCES[s])
    (table,) = build_variance_tables(gains.with_gains(own))
    assert table.texts.iloc[0].tolist() == [
        "few target images", "hrnet_w48, from ilsvrc", "segmentation", "20", "7", "0", "100", "0",
    ]  # fmt: skip
    assert table.heading in write_report(StudyAnalysis(own), tmp_path).read_text()
    assert (tmp_path / "tables" / f"{table.name}.md").exists()
