"""What is said of how a race was decided."""

import types

import pytest

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
