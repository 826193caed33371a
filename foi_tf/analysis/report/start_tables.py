"""Builds the tables of starts: one of all starts of a target, one of a study's answers."""

import math
from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.measures.answer import (
    ALIKE,
    BEST,
    NONE_HELPS,
    NOTHING,
    ONLY_ONE,
    TOO_LITTLE,
    Answer,
    JudgedStart,
)
from foi_tf.analysis.measures.starts import PRETRAINING, RANDOM
from foi_tf.analysis.report import cell_colors
from foi_tf.analysis.report.tables import Table, format_cells, format_gain, format_probability
from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study.metrics import get_metric
from foi_tf.study.table_texts import MISSING, setting_text

_NOTE = (
    "The interval of a metric is 95 %, over runs like these on the same evaluation images. "
    "Probabilities count all starts that are ranked, the pre-training and random weights among "
    "them. More seeds would tell a start from the best one, or both equal within 2 %."
)


def build_start_table(answer: Answer) -> Table:
    """Builds the table of all starts of a target, the best first."""
    lines = [
        {
            "start": "random weights" if one.kind == RANDOM else one.name,
            "standing": _describe_standing(one, answer),
            get_metric(answer.metric).label: one.value,
            "from": one.value_low,
            "to": one.value_high,
            "seeds": one.seeds,
            "gain, %": one.gain,
            "gain from": one.gain_low,
            "gain to": one.gain_high,
            "is better": one.p_better,
            "is the best": one.p_best,
            "within 2 % of it": one.p_near,
            "more seeds": one.more_seeds,
            "minutes a seed": one.seconds / 60,
        }
        for one in answer.starts
    ]
    data = pd.DataFrame(lines)
    metric = list(data)[2]
    formats = dict.fromkeys((metric, "from", "to"), ".3f")
    texts = format_cells(data, words=2, **formats, **{"minutes a seed": ".1f"})
    _format_gains(texts, data, ("gain, %", "gain from", "gain to"))
    for name in ("is better", "is the best", "within 2 % of it"):
        texts[name] = [format_probability(x) for x in data[name]]
    texts["more seeds"] = [_format_seeds(x) for x in data["more seeds"]]
    over = f" Gains are over {answer.reference}." if answer.reference else ""
    return Table(
        id="",
        title=f"Starts of {answer.target}:{answer.target_type}",
        scope=("starts", *_scope(answer)),
        data=data,
        texts=texts,
        shades=_shade(data, data["is better"]),
        words=2,
        label=0,
        notes=[_NOTE + over],
    )


def build_class_table(answer: Answer) -> Table:
    """Builds the table of what the best start changes by class."""
    lines = [
        {
            "class": one.name,
            "images with it": one.images,
            answer.reference: one.baseline,
            answer.best.name if answer.best else MISSING: one.value,
            "difference, points": one.difference,
        }
        for one in answer.classes
    ]
    data = pd.DataFrame(lines)
    formats = dict.fromkeys(list(data)[2:4], ".3f") | {"difference, points": "+.1f"}
    shades = data.map(lambda _: "#ffffff")
    shades["difference, points"] = data["difference, points"].map(cell_colors.gain_color)
    return Table(
        id="",
        title=f"Classes of {answer.target}:{answer.target_type}",
        scope=("start_classes", *_scope(answer)),
        data=data,
        texts=format_cells(data, words=1, **formats),
        shades=shades,
        words=1,
        notes=[
            "Means over seeds. The noise of runs is in them; a class of few images says little."
        ],
    )


def build_answer_table(answers: Sequence[Answer]) -> Table:
    """Builds the table of what each target of a study should start from.

    Args:
      answers: those with several starts.
    """
    several = {name: len({getattr(one, name) for one in answers}) > 1 for name in _NAMES}
    lines = []
    for answer in answers:
        plain = {one.kind: one.value for one in answer.starts}
        best = answer.best
        label = get_metric(answer.metric).label.partition(",")[0]
        words = {
            "target": f"{answer.target}:{answer.target_type} ({label})",
            "setting": setting_text(answer.setting),
            "backbone": answer.backbone,
            "family": answer.family,
            "start from": _name_choice(answer),
        }
        numbers = {
            "gain, %": best.gain if best else math.nan,
            "from": best.gain_low if best else math.nan,
            "to": best.gain_high if best else math.nan,
            "is the best": best.p_best if best else math.nan,
            "within 2 %": best.p_near if best else math.nan,
            "rivals": len(answer.rivals) if best else 0,
            "more seeds": answer.more_seeds if best else math.nan,
            "value": best.value if best else math.nan,
            "pre-training": plain.get(PRETRAINING, math.nan),
            "random": plain.get(RANDOM, math.nan),
            "starts": len(answer.starts),
        }
        lines.append({name: x for name, x in words.items() if several.get(name, True)} | numbers)
    data = pd.DataFrame(lines)
    words = list(data).index("gain, %")
    formats = dict.fromkeys(("value", "pre-training", "random"), ".3f")
    texts = format_cells(data, words=words, **formats)
    _format_gains(texts, data, ("gain, %", "from", "to"))
    for name in ("is the best", "within 2 %"):
        texts[name] = [format_probability(x) for x in data[name]]
    texts["more seeds"] = [_format_seeds(x) for x in data["more seeds"]]
    return Table(
        id="",
        title="What each target should start from",
        scope=("answers",),
        data=data,
        texts=texts,
        shades=_shade(data, [one.best.p_better if one.best else math.nan for one in answers]),
        words=words,
        label=0,
        notes=[
            "Gains are over the pre-training, or over random weights where that is missing, at a "
            "floor or clearly worse; those that are probably there have a color. Rivals cannot be "
            "told from the best start. " + _NOTE
        ],
    )


_NAMES = ("setting", "backbone", "family")


def _name_choice(answer: Answer) -> str:
    """Returns what to start from, and how sure that is."""
    if answer.kind == NOTHING or answer.best is None:
        return NOTHING
    name = "random weights" if answer.best.kind == RANDOM else answer.best.name
    if answer.kind in (NONE_HELPS, ALIKE, ONLY_ONE):
        return f"{name}: {answer.kind}"
    return name if answer.kind == BEST else f"{answer.kind}; {name} is ahead"


def _describe_standing(start: JudgedStart, answer: Answer) -> str:
    """Says how a start stands to the best one."""
    if start.reason:
        return f"not ranked: {start.reason}"
    if answer.best is None:
        return "ranked alone"
    if start.name == answer.best.name:
        return "ahead" if answer.kind in (ALIKE, TOO_LITTLE) else "best"
    return "cannot be told from it" if start.maybe_best else "worse"


def _shade(data: pd.DataFrame, better: Sequence[float]) -> pd.DataFrame:
    """Returns backgrounds: gains that are probably there in their colors, all else white.

    Args:
      better: probabilities that each gain is positive.
    """
    shades = data.map(lambda _: "#ffffff")
    shades["gain, %"] = [
        cell_colors.gain_color(gain) if max(share, 1 - share) >= verdicts.PROBABLE else "#ffffff"
        for gain, share in zip(data["gain, %"], better, strict=True)
    ]
    return shades


def _format_gains(texts: pd.DataFrame, data: pd.DataFrame, names: Sequence[str]) -> None:
    """Fills in the texts of gains in %."""
    for name in names:
        texts[name] = [MISSING if math.isnan(x) else format_gain(x) for x in data[name]]


def _format_seeds(seeds: float) -> str:
    """Formats a number of more seeds."""
    if math.isnan(seeds):
        return MISSING
    return "> 100" if math.isinf(seeds) else f"{seeds:.0f}"


def _scope(answer: Answer) -> tuple[str, ...]:
    """Returns what tells the files of a target's tables from those of others."""
    return answer.target, answer.target_type, answer.setting, answer.backbone, answer.family
