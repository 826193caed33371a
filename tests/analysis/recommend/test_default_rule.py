import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.recommend.default_rule import DEFAULT, MIN_TARGETS, choose_rule
from tests.analysis.recommend.test_regret import pairs


def past(merit, targets):
    """Past transfers in which a source's value is `merit` of its images, plus noise."""
    rng = np.random.default_rng(0)
    frames = []
    for i in range(targets):
        own = pairs(np.zeros(6), target=f"t{i}").assign(n_source=rng.permutation(6) * 10 + 10)
        frames.append(own.assign(value=merit(own.n_source) + rng.uniform(0, 0.02, 6)))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("targets", [MIN_TARGETS - 1, MIN_TARGETS + 3])
def test_a_rule_that_wins_is_followed(targets):
    # "coco" and "domain" go by size here, too; a learned ranking finds out that less is more.
    before = past(lambda images: 0.9 - images / 100, targets)
    expected = "fitted" if targets >= MIN_TARGETS else DEFAULT
    assert choose_rule("camvid:segmentation", [], before) == expected


def test_without_a_winner_it_is_the_advice():
    assert choose_rule("camvid", []) == DEFAULT == "advice"
    before = past(lambda images: images / 100, 8)  # All rules that go by size tie.
    assert choose_rule("camvid", [], before) == DEFAULT


def test_draws_of_gains_and_the_target_s_own_results():
    before = past(lambda images: 0.9 - images / 100, 8).assign(baseline=0.5)
    drawn = np.tile(before.n_source.to_numpy(float), (300, 1))  # Draws say the opposite of values.
    assert choose_rule("camvid", [], before, drawn) == DEFAULT
    assert choose_rule("t0", [], before[before.target == "t0"]) == DEFAULT
