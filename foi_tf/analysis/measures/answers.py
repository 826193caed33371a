"""Answers what each target of a study should start from (ours)."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import class_gains
from foi_tf.analysis.measures.answer import (
    ALIKE,
    BEST,
    NONE_HELPS,
    NOTHING,
    ONLY_ONE,
    TOO_LITTLE,
    Answer,
    ClassGain,
    JudgedStart,
)
from foi_tf.analysis.measures.compared_starts import Comparison, compare_starts
from foi_tf.analysis.measures.gains import relative_gain
from foi_tf.analysis.measures.starts import SOURCE, StartRuns, TargetStarts, collect_starts
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.gain_levels import POSITIVE
from foi_tf.errors import FoiError
from foi_tf.study.metrics import higher_is_better


def find_answers(analysis: StudyAnalysis, parts: pd.DataFrame | None = None) -> list[Answer]:
    """Answers for each target, setting, backbone and pre-training of a study.

    Args:
      analysis: of the study.
      parts: the first of `class_gains.compute_part_gains`, where it is at hand.

    Raises:
      FoiError: a file of image statistics is damaged or does not belong to its row.
    """
    if parts is None:
        parts, _ = class_gains.compute_part_gains(analysis)
    targets = collect_starts(analysis)
    compared = compare_starts(targets, analysis)
    return [answer_target(own, one, parts) for own, one in zip(targets, compared, strict=True)]


def find_answer(analysis: StudyAnalysis, target: str, target_type: str, **named: str) -> Answer:
    """Answers for one target.

    Args:
      **named: the `setting`, `backbone` or `family`; by default those with the most starts.

    Raises:
      FoiError: no row is of it.
    """
    asked = {"target": target, "target_type": target_type, **named}
    found = [
        one
        for one in find_answers(analysis)
        if all(getattr(one, name) == value for name, value in asked.items())
    ]
    if not found:
        raise FoiError(f"no result is of {' '.join(asked.values())}; run its chains first")
    return max(found, key=lambda one: len(one.starts))


def answer_target(own: TargetStarts, compared: Comparison | None, parts: pd.DataFrame) -> Answer:
    """Answers for one target from the comparison of its starts; None if noise is unknown."""
    reference = own.reference
    known = reference is not None and reference.kind != SOURCE
    starts = [_describe(start, own, compared) for start in own.starts]
    better = higher_is_better(own.named["metric"])
    middle = compared.middle if compared else {}

    def order(start: JudgedStart) -> tuple[bool, float, float]:
        value = start.value if start.seeds else math.inf
        return start.reason != "", -middle.get(start.name, 0.0), -value if better else value

    starts.sort(key=order)
    p_helps = _p_helps(own, compared)
    kind = _judge(starts, compared, p_helps)
    answer = Answer(
        **own.named,
        starts=tuple(starts),
        kind=kind,
        reference=reference.name if reference and known else "",
        p_helps=p_helps,
        classes=(),
        noise=compared.noise if compared else "",
    )
    return dataclasses.replace(answer, classes=_find_classes(answer, parts))


def _judge(starts: Sequence[JudgedStart], compared: Comparison | None, p_helps: float) -> str:
    """Returns the kind of answer that the starts allow."""
    ranked = [start for start in starts if not start.reason]
    if len(ranked) < 2:
        return ONLY_ONE if ranked and len(starts) > 1 else NOTHING
    if compared is None:
        return TOO_LITTLE
    if p_helps <= 1 - verdicts.PROBABLE:
        return NONE_HELPS
    best = ranked[0]
    plain = [start.name for start in ranked if start.kind != SOURCE and start != best]
    others = plain or [start.name for start in ranked[1:]]
    ahead = compared.probability_ahead(best.name, others)
    # A start without a source wins over sources only where those are shown not to help.
    only_plain = all(start.kind != SOURCE for start in ranked)
    sure = ahead >= verdicts.PROBABLE and (best.kind == SOURCE or only_plain)
    if sure:
        return BEST
    return ALIKE if compared.expected_loss(best.name) <= POSITIVE else TOO_LITTLE


def _p_helps(own: TargetStarts, compared: Comparison | None) -> float:
    """Returns the probability that a source is clearly better than all starts without one."""
    sources = [start.name for start in own.ranked if start.kind == SOURCE]
    plain = [start.name for start in own.ranked if start.kind != SOURCE]
    if compared is None or not sources or not plain:
        return math.nan
    sign = 1.0 if higher_is_better(own.named["metric"]) else -1.0
    return compared.probability_ahead(sources, plain, log_scale.from_gain(POSITIVE, sign))


def _describe(start: StartRuns, own: TargetStarts, compared: Comparison | None) -> JudgedStart:
    """Describes a start; what is not known is NaN."""
    reference = own.reference
    gain = math.nan
    if reference and reference.kind != SOURCE and start.name != reference.name:
        better = higher_is_better(own.named["metric"])
        if not start.reason:
            gain = float(relative_gain(start.value, reference.value, better))
    numbers: dict[str, Any] = dict.fromkeys(
        ("value_low", "value_high", "gain_low", "gain_high", "p_better", "p_practical", "p_best",
         "p_near", "more_seeds"),
        math.nan,
    )  # fmt: skip
    if compared and not start.reason:
        numbers |= compared.numbers[start.name]
    if math.isnan(gain):
        numbers |= dict.fromkeys(("gain_low", "gain_high", "p_better", "p_practical"), math.nan)
    return JudgedStart(
        name=start.name,
        kind=start.kind,
        value=start.value,
        values=tuple(float(run["value"]) for run in start.ended),
        gain=gain,
        # Where noise is unknown, each start that can be ranked may be the best.
        maybe_best=not start.reason and (compared is None or start.name in compared.maybe_best),
        seconds=start.seconds,
        reason=start.reason,
        **numbers,
    )


def _find_classes(answer: Answer, parts: pd.DataFrame) -> tuple[ClassGain, ...]:
    """Finds the changes by class from the pre-training to the best start, if that is a source."""
    best = answer.best
    if best is None or best.kind != SOURCE or answer.reference != answer.family:
        return ()
    source, _, source_type = best.name.partition(":")
    asked = {
        name: getattr(answer, name)
        for name in ("target", "target_type", "setting", "backbone", "family", "metric")
    }
    asked |= {"source": source, "source_type": source_type, "part": class_gains.CLASS}
    own = parts[np.logical_and.reduce([parts[name] == value for name, value in asked.items()])]
    own = own.sort_values("difference", ascending=False, kind="stable")
    return tuple(
        ClassGain(
            name=str(line["name"]),
            images=int(line["count"]),
            baseline=float(line["baseline"]),
            value=float(line["value"]),
            difference=float(line["difference"]),
        )
        for line in own.to_dict("records")
    )
