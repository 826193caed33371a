"""Carries out a comparison and writes its answer."""

import json
import math
from typing import Any

import numpy as np
from etils import epath

from foi_tf.analysis.report.answer_text import describe_answer
from foi_tf.comparison import report_texts
from foi_tf.comparison.answer import analyze_rows, answer_race
from foi_tf.comparison.planning import ComparisonPlan
from foi_tf.comparison.race_loop import RaceResult, run_race
from foi_tf.files import write_text
from foi_tf.progress import say
from foi_tf.study.results import finite_or_none


def compare(plan: ComparisonPlan, out: epath.PathLike) -> dict[str, Any]:
    """Races the starts of a plan; returns the answer as a JSON object, and keeps it in a file.

    Args:
      out: directory of the file comparison.json.

    Raises:
      FoiError: data, weights or configuration are missing or wrong, or `out` cannot be written.
    """
    result = run_race(plan)
    analysis = analyze_rows(result)
    found = answer_race(result, analysis) if analysis is not None else None
    text = str(describe_answer(found, str(plan.target.task))) if found is not None else ""
    race = to_json(result)
    record = {
        "target": str(plan.target.task),
        "text": text,
        "answer": found.to_json() if found is not None else None,
        "race": race,
    }
    for sentence in (text, race["decision"][0]):
        if sentence:
            say(sentence)
    write_text(epath.Path(out) / "comparison.json", json.dumps(record, indent=1) + "\n")
    return record


def to_json(result: RaceResult) -> dict[str, Any]:
    """Returns how a race ended as a JSON object."""
    decision = result.decision
    return {
        "best": decision.best,
        "reason": decision.reason,
        "metric": result.metric,
        "expected_loss": finite_or_none(decision.loss),
        "starts": _list_starts(result),
        "decision": report_texts.describe_decision(result),
        "untried": list(decision.untried),
        "spent_seconds": round(result.spent, 1),
        "budget_seconds": None if math.isinf(result.budget) else result.budget,
        "commands": report_texts.list_commands(result),
    }


def _list_starts(result: RaceResult) -> list[dict[str, Any]]:
    """Lists the starts that ran, the most probable best first."""
    posterior = result.decision.posterior
    if posterior is None:
        return []
    middle, low, high = posterior.estimates()
    order = np.argsort(-posterior.p_best, kind="stable")
    return [
        {
            "name": posterior.names[place],
            "value": float(middle[place]),
            "low": float(low[place]),
            "high": float(high[place]),
            "p_best": float(posterior.p_best[place]),
            "p_close": float(posterior.p_close[place]),
            "values": [
                finite_or_none(value)
                for value in result.values.get(posterior.names[place], {}).values()
            ],
        }
        for place in order
    ]
