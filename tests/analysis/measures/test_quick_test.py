import dataclasses

import pandas as pd
import pytest

from foi_tf.analysis.measures import quick_test
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import results
from foi_tf.study.dataset import Task
from foi_tf.study.grid import Chain

BASE = results.Row(
    target="t", target_type="segmentation", target_domain="driving", source="ilsvrc",
    source_type="", source_domain="", setting="small", backbone="b", init="ilsvrc", seed=0,
    learning_rate=0.1, n_source=0, n_target=9, metric="miou", value=0.5, steps=1, wall_seconds=1.0,
    device="cpu", devices=1, chip_hours=0.0, config_digest="d", version="0",
)  # fmt: skip


def rows(**gains):
    """Rows of baselines with 0.5, and of sources s with the gains small and full, in %."""
    found = [dataclasses.replace(BASE, setting=setting) for setting in ("small", "full")]
    for name, both in gains.items():
        for setting, gain in zip(("small", "full"), both, strict=True):
            if gain is not None:
                found.append(
                    dataclasses.replace(
                        BASE, source=name, source_type="segmentation", source_domain="driving",
                        setting=setting, value=0.5 * (1 + gain / 100),
                    )
                )  # fmt: skip
    return pd.DataFrame([dataclasses.asdict(row) for row in found]).drop(columns="extra")


def chain(source):
    return Chain(Task(source, "segmentation"), Task("t", "segmentation"))


def test_only_negative_sources_are_discarded():
    frame = rows(good=(12, None), same=(-1.9, None), bad=(-2.1, None), full_only=(None, 9))
    chains = [chain(name) for name in ("good", "same", "bad", "full_only", "never")]
    found = quick_test.screen_chains(StudyAnalysis(frame), chains)
    assert [c.source.dataset for c in found.kept] == ["good", "same"]
    assert [c.source.dataset for c in found.discarded] == ["bad"]
    assert [c.source.dataset for c in found.unscreened] == ["full_only", "never"]
    assert found.left == found.kept + found.unscreened


@pytest.mark.parametrize(
    ("gains", "judged", "missed"),
    [
        # The best source was negative with few images.
        ({"good": (5, 3), "bad": (-5, 4)}, 1, [("bad", 4, 3)]),
        # It was not.
        ({"good": (5, 5), "bad": (-5, 4)}, 1, []),
        # It has no positive gain, so nothing was missed.
        ({"good": (5, -4), "bad": (-5, 1)}, 1, []),
        # Unknown, since the discarded source was never run in full.
        ({"good": (5, 3), "bad": (-5, None)}, 0, []),
        ({"good": (5, None), "bad": (-5, 4)}, 0, []),
        # A source that was not screened need not have a gain.
        ({"good": (5, 3), "bad": (-5, 4), "never": (None, None)}, 1, [("bad", 4, 3)]),
        # All were discarded.
        ({"bad": (-5, 4), "worse": (-9, 3)}, 1, [("bad", 4, None)]),
        ({"good": (5, 3)}, 1, []),
    ],
)
def test_a_miss_is_a_positive_best_source_that_was_discarded(gains, judged, missed):
    analysis = StudyAnalysis(rows(**gains))
    screened = quick_test.screen_chains(analysis, [chain(name) for name in gains])
    count, found = quick_test.find_missed_targets(analysis, screened)
    assert count == judged
    assert [miss.source.dataset for miss in found] == [name for name, *_ in missed]
    for miss, (_, gain, instead) in zip(found, missed, strict=True):
        assert miss.target == Task("t", "segmentation") and miss.gain == pytest.approx(gain)
        assert miss.instead == pytest.approx(
            float("nan") if instead is None else instead, nan_ok=True
        )
