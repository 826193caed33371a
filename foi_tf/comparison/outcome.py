"""Carries out a comparison and writes its answer."""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.report.answer_text import describe_answer
from foi_tf.comparison import report_texts
from foi_tf.comparison.answer import analyze_rows, answer_race
from foi_tf.comparison.commands import list_commands
from foi_tf.comparison.label_budget import CurvePoint, describe_curve, run_races
from foi_tf.comparison.page import write_page
from foi_tf.comparison.planning import ComparisonPlan
from foi_tf.comparison.race_loop import RaceResult, run_race
from foi_tf.files import write_text
from foi_tf.progress import say
from foi_tf.study.results import finite_or_none


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ComparedStarts:
    """Holds what a comparison came to.

    Attributes:
      answer: what the target should start from, with all starts; None where nothing ended.
      text: the answer in words; "" likewise.
      race: how the race ended.
      curve: the races by the number of target images, the fewest first; empty if none were asked.
      path: report.html, or comparison.json where there is no answer to show.
    """

    answer: Answer | None
    text: str
    race: RaceResult
    curve: Sequence[CurvePoint]
    path: epath.Path

    def __str__(self) -> str:
        decided = report_texts.describe_decision(self.race, self.answer)
        parts = [self.text, *decided[: 2 if self.race.decision.untried else 1]]
        return " ".join([*parts, *describe_curve(self.curve)]).strip()

    def to_json(self) -> dict[str, Any]:
        """Returns all of it as a JSON object."""
        return {
            "target": str(self.race.plan.target.task),
            "text": str(self),
            "answer": self.answer.to_json() if self.answer is not None else None,
            "race": describe_race(self.race, self.answer),
            "images": [
                {"images": point.images, **describe_race(point.race)} for point in self.curve
            ],
        }


def compare(plan: ComparisonPlan) -> ComparedStarts:
    """Races the starts of a plan, says the answer, and writes it.

    With several numbers of target images the answer is that of the largest that has one. The
    directory `out` of the request gets report.html, comparison.json and answer.json.

    Raises:
      FoiError: data, weights or configuration are missing or wrong, or files cannot be written.
    """
    out = plan.request.out
    curve = run_races(plan) if plan.request.images else []
    races = [point.race for point in curve] or [run_race(plan)]
    told = [race for race in races if race.decision.posterior is not None]
    result = (told or races)[-1]
    analysis = analyze_rows(result)
    answer = answer_race(result, analysis) if analysis is not None else None
    text = str(describe_answer(answer, str(plan.target.task))) if answer is not None else ""
    path = epath.Path(out) / "comparison.json"
    found = ComparedStarts(answer=answer, text=text, race=result, curve=curve, path=path)
    say(str(found))
    write_text(path, json.dumps(found.to_json(), indent=1, allow_nan=False) + "\n")
    if analysis is None or answer is None:
        return found
    return dataclasses.replace(found, path=write_page(out, result, analysis, answer, curve))


def describe_race(result: RaceResult, answer: Answer | None = None) -> dict[str, Any]:
    """Returns how a race ended as a JSON object, in words by the answer of its rows, if any."""
    decision = result.decision
    return {
        "best": decision.best,
        "reason": decision.reason,
        "metric": result.metric,
        "expected_loss": finite_or_none(decision.loss),
        "starts": _list_starts(result),
        "decision": report_texts.describe_decision(result, answer),
        "untried": list(decision.untried),
        "spent_seconds": round(result.spent, 1),
        "budget_seconds": None if math.isinf(result.budget) else result.budget,
        "commands": list_commands(result),
    }


def _list_starts(result: RaceResult) -> list[dict[str, Any]]:
    """Lists the starts that were judged, the most probable best first."""
    posterior = result.decision.posterior
    if posterior is None:
        return []
    middle, low, high = posterior.estimates()
    order = np.argsort(-posterior.p_best, kind="stable")
    return [
        {
            "name": name,
            "value": float(middle[place]),
            "low": float(low[place]),
            "high": float(high[place]),
            "p_best": float(posterior.p_best[place]),
            "p_close": float(posterior.p_close[place]),
            "values": [finite_or_none(one) for one in result.values.get(name, {}).values()],
        }
        for place, name in ((place, posterior.names[place]) for place in order)
    ]
