"""Answers what a target should start from, by the numbers that its race ended with."""

import math

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.analysis.measures import answers, class_gains, starts
from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.measures.compared_starts import Comparison
from foi_tf.analysis.measures.starts import TargetStarts
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.gain_levels import POSITIVE
from foi_tf.analysis.uncertainty.start_choice import StartChoice
from foi_tf.analysis.uncertainty.start_posterior import StartPosterior
from foi_tf.comparison.race_loop import RaceResult
from foi_tf.errors import FoiError
from foi_tf.study import data_warnings, image_statistics, results

_NOISE = "the runs of this comparison, and a first guess by metric"


def analyze_rows(result: RaceResult) -> StudyAnalysis | None:
    """Analyzes the result rows of a comparison alone; None where it has none."""
    place = epath.Path(result.plan.request.settings.workdir) / "results"
    try:
        rows = results.load(place)
    except FoiError:
        return None
    own = rows[[_is_of(row, result) for row in rows.to_dict("records")]]
    if own.empty:
        return None
    return StudyAnalysis(
        own.reset_index(drop=True),
        images=image_statistics.find_statistics(place),
        warnings=data_warnings.find_warnings(place),
    )


def answer_race(result: RaceResult, analysis: StudyAnalysis) -> Answer | None:
    """Answers by the starts that ran; None where none of them can be told."""
    found = [one for one in starts.collect_starts(analysis) if one.starts]
    if not found:
        return None
    own = max(found, key=lambda one: len(one.starts))
    posterior, compared = result.decision.posterior, None
    if posterior is not None and own.reference is not None and len(own.ranked) > 1:
        compared = compare_by_posterior(own, posterior)
    parts, _ = class_gains.compute_part_gains(analysis)
    return answers.answer_target(own, compared, parts)


def compare_by_posterior(own: TargetStarts, posterior: StartPosterior) -> Comparison:
    """Compares the ranked starts of a target by the distribution that its race ended with."""
    assert own.reference is not None
    others = [start.name for start in own.ranked if start is not own.reference]
    names = [own.reference.name, *others]
    places = [posterior.names.index(name) for name in names]
    effects = posterior.draws[:, places] - posterior.draws[:, [places[0]]]
    best = effects.argmax(1)
    p_best = np.bincount(best, minlength=len(names)) / len(effects)
    near = (effects.max(1, keepdims=True) - effects <= np.log1p(POSITIVE / 100)).mean(0)
    middle = np.median(effects, axis=0)
    first = int(middle.argmax())
    maybe = _find_smallest_set(p_best)
    maybe[first] = True
    ended = {start.name: len(start.ended) for start in own.ranked}
    counts = np.array([ended[name] for name in names])
    more = verdicts.count_more_seeds(
        middle - middle[first],
        np.full(len(names), 2 * posterior.noise**2),
        np.minimum(counts, counts[first]),
        np.zeros(len(names)),
    )
    same = (np.abs(effects - effects[:, [first]]) <= np.log1p(POSITIVE / 100)).mean(0)
    more = np.where((same >= verdicts.LEVEL) | ~maybe, 0.0, more)
    _, low, high = posterior.estimates()
    numbers = {}
    for i, (name, place) in enumerate(zip(names, places, strict=True)):
        _, gain_low, gain_high = posterior.gain(place, places[0])
        numbers[name] = {
            "value_low": float(low[place]),
            "value_high": float(high[place]),
            "gain_low": gain_low if i else math.nan,
            "gain_high": gain_high if i else math.nan,
            "p_better": posterior.p_better(place, places[0]) if i else math.nan,
            "p_practical": posterior.p_better(place, places[0], log_scale.from_gain(POSITIVE, 1.0)),
            "p_best": float(p_best[i]),
            "p_near": float(near[i]),
            "more_seeds": float(more[i]),
        }
    choice = StartChoice(effects, middle, p_best, near, maybe, more)
    return Comparison(choice, names, numbers, _NOISE)


def _find_smallest_set(p_best: np.ndarray) -> np.ndarray:
    """Marks the fewest starts that hold the best one with the level of intervals."""
    order = np.argsort(-p_best, kind="stable")
    before = np.cumsum(p_best[order]) - p_best[order]
    found = np.zeros(len(p_best), bool)
    found[order[before < verdicts.LEVEL - 1e-9]] = True
    return found


def _is_of(row: dict, result: RaceResult) -> bool:
    """Tells whether a row is of a run of the comparison."""
    name, task = starts.name_start(row), result.plan.target.task
    value = result.values.get(name, {}).get(row["seed"], math.nan)
    same = (row["target"], row["target_type"]) == (task.dataset, task.type)
    alike = (pd.isna(value) and pd.isna(row["value"])) or math.isclose(value, row["value"])
    return same and row["backbone"] == result.plan.request.settings.backbone and bool(alike)
