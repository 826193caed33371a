"""Ranks past transfers by probes, as the program does with --probes."""

import dataclasses

import pandas as pd
import pytest

import foi_tf as foi
from foi_tf.analysis.recommend import pair_scores, source_ranking
from foi_tf.errors import FoiError
from foi_tf.study import probe_files
from foi_tf.study.dataset import Task
from tests.study.test_probe_files import ORIGIN


def probe(source, value, **changes):
    origin = dataclasses.replace(ORIGIN, chain=("ilsvrc", source), weights=source, **changes)
    return probe_files.make_score(origin, "rmse", {"rmse": value, "loss": 0.5}, 1.0)


def test_probes_become_scores_of_pairs():
    """Keeps the sources alone, with lower errors as higher scores."""
    bare = probe_files.make_score(ORIGIN, "rmse", {"rmse": 9.0}, 1.0)
    bare = dataclasses.replace(bare, origin=dataclasses.replace(ORIGIN, chain=("ilsvrc",)))
    own = ((0.1,) * 3, (0.2,) * 3)
    found = pair_scores.tabulate_probes(
        [bare, probe("b:depth", 2.0), probe("c:depth", 1.5, statistics=own)]
    )
    assert found.to_dict("records") == [
        {
            "target": "a",
            "target_type": "depth",
            "source": s,
            "source_type": "depth",
            "probe": v,
            "probe_loss": -0.5,
        }
        for s, v in (("b", -2.0), ("c", -1.5))
    ]
    tried = pd.DataFrame({
        "target": "a", "target_type": "depth", "source": ["c", "b", "d"], "source_type": "depth",
    })  # fmt: skip
    scores = source_ranking.score_past_transfers(tried, ["probe"], [], found)["probe"]
    assert scores[:2].tolist() == [-1.5, -2.0] and scores.isna()[2]


def test_probes_that_cannot_be_compared_are_refused():
    with pytest.raises(FoiError, match="by b:depth and by c:depth are of different images or"):
        pair_scores.tabulate_probes([probe("b:depth", 2.0), probe("c:depth", 1.0, steps=9)])
    with pytest.raises(FoiError, match="probes of a:depth by b:depth were given twice"):
        pair_scores.tabulate_probes([probe("b:depth", 2.0), probe("b:depth", 1.0)])


def test_a_target_is_ranked_by_its_probes(tmp_path):
    for source, error in (("vkitti2:depth", 2.0), ("sunrgbd:depth", 1.5), ("mine:depth", 1.7)):
        probe_files.write_score(tmp_path, probe(source, error))
    found = foi.recommend("a", probes=[tmp_path])
    assert found.source.tolist() == ["sunrgbd:depth", "mine:depth", "vkitti2:depth"]
    assert found.score.tolist() == [-1.5, -1.7, -2.0]
    assert found.source_domain.tolist() == ["indoor", "", "synthetic"]
    kept = foi.recommend("a:depth", by="probe_loss", probes=[tmp_path], sources=["mine:depth"])
    assert kept.source.tolist() == ["mine:depth"] and kept.score.tolist() == [-0.5]
    with pytest.raises(FoiError, match="no file has points of ade:segmentation by a source"):
        foi.recommend("ade", by="probe", probes=[tmp_path])


@pytest.mark.parametrize(("value", "rule"), [(0.02, "probe"), (0.004, "probe_loss")])
def test_probes_that_learned_nothing_are_ranked_by_their_loss(value, rule):
    origin = dataclasses.replace(ORIGIN, task="a:detection", chain=("ilsvrc", "b:detection"))
    scores = [probe_files.make_score(origin, "ap50", {"ap50": value, "loss": 0.5}, 1.0)]
    assert pair_scores.choose_probe_rule(Task.parse("a:detection"), scores) == rule
