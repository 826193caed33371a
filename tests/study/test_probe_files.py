import dataclasses
import math

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import probe_files
from foi_tf.study.probe_files import ProbeOrigin

ORIGIN = ProbeOrigin(
    task="a:depth", data="d", train=3, val=2, subset="s", backbone="hrnet_w18",
    chain=("ilsvrc", "b:depth"), weights="w", size=(32, 64), fit="inside",
    statistics=((0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), steps=60, seed=0, recipe=1,
)  # fmt: skip


def test_scores_come_back_by_their_origin(tmp_path):
    score = probe_files.make_score(ORIGIN, "rmse", {"rmse": 2.5, "delta1": math.nan}, 1.23456)
    other = dataclasses.replace(score, origin=dataclasses.replace(ORIGIN, weights="v"))
    paths = [probe_files.write_score(tmp_path, each) for each in (score, other)]
    assert paths[0].name.startswith("a.depth-") and paths[0] != paths[1]
    assert probe_files.find_score(tmp_path, ORIGIN) == score
    assert probe_files.find_score(tmp_path, dataclasses.replace(ORIGIN, seed=1)) is None
    found = probe_files.load_scores([tmp_path])
    assert {each.origin.weights: each for each in found} == {"w": score, "v": other}
    assert score.metrics == {"rmse": 2.5, "delta1": None} and score.seconds == 1.235


def test_higher_scores_are_better():
    def score(metric, value):
        return probe_files.make_score(ORIGIN, metric, {metric: value}, 1.0).score

    assert score("rmse", 1.0) > score("rmse", 2.0) > score("rmse", math.nan)
    assert score("miou", 0.2) > score("miou", 0.1)


def test_what_is_no_score_is_refused(tmp_path):
    with pytest.raises(FoiError, match=r"no probes .* in it; make them with foi-probe"):
        probe_files.load_scores([tmp_path])
    path = probe_files.write_score(
        tmp_path, probe_files.make_score(ORIGIN, "rmse", {"rmse": 2.5}, 1.0)
    )
    for text in (path.read_text()[:-20], "{}", path.read_text().replace("2.5", '"much"')):
        path.write_text(text)
        with pytest.raises(FoiError, match=r"not a probe .*; remove it and repeat foi-probe"):
            probe_files.find_score(tmp_path, ORIGIN)
