"""What is said of how a race was decided."""

import math
import types

import pytest

from foi_tf.analysis.uncertainty.start_posterior import StartPosterior
from foi_tf.comparison import race, report_texts
from foi_tf.comparison.race import Decision


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (race.SURE, "These starts were not tried: far, further."),
        (race.BUDGET, "There was no time for these starts: far, further. A larger --budget makes"),
    ],
)
def test_starts_that_did_not_run_are_named_second_and_why(monkeypatch, reason, text):
    monkeypatch.setattr(report_texts, "_describe_reason", lambda *_: "Why.")
    result = types.SimpleNamespace(
        decision=Decision(reason=reason, untried=("far", "further")),
        plan=types.SimpleNamespace(request=types.SimpleNamespace(confidence=0.9)),
        values={"near": {0: 0.5}},
    )
    first, second, *_ = report_texts.describe_decision(result, None)
    assert first == "Why." and second.startswith(text)


def test_starts_that_rank_behind_are_named_with_their_chance():
    names = ["scratch", "near:segmentation", "far:segmentation"]
    posterior = StartPosterior(names, [[0.3], [0.5], [math.nan]], "miou")
    ended = Decision(reason=race.ALIKE, untried=(names[2],), posterior=posterior, best=names[1])
    chance = report_texts.describe_probability(float(posterior.p_best[2]))
    (said,) = report_texts._describe_untried(ended)
    assert said.endswith(f"the best is among them with a probability of {chance}.")


@pytest.mark.parametrize(
    ("untried", "text"),
    [
        (("far",), "The budget ended before two starts had results that can be compared."),
        ((), "The race ended without two starts that can be compared: the others learned too"),
    ],
)
def test_starts_that_had_no_time_are_not_said_to_have_learned_too_little(untried, text):
    ended = Decision(reason=race.BUDGET, best="near", untried=untried)
    answer = types.SimpleNamespace(kind=report_texts.NOTHING)
    said = report_texts._describe_reason(types.SimpleNamespace(decision=ended, plan=None), answer)
    assert said.startswith(text)
