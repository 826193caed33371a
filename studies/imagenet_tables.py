"""Makes the tables of IMAGENET.md from the rows that imagenet/ keeps."""

import json
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.recommend import pair_scores
from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study import metrics
from foi_tf.study.dataset import DEPTH, DETECTION, KEYPOINTS, SEGMENTATION, Task
from foi_tf.study.results import EXTRA, NO_SOURCE, SCRATCH
from foi_tf.study.table_texts import MISSING
from studies import (
    imagenet_gains,
    imagenet_parts,
    imagenet_rules,
    imagenet_scores,
    real_sets,
)
from studies.imagenet_parts import STUDY
from studies.imagenet_rows import RATES, choose_rates, load_kept, plan_target
from studies.markdown import format_table

START_TEXTS = {NO_SOURCE: "ImageNet", SCRATCH: "random weights"}
GAIN = 5.0  # Gain in % that a target of segmentation should tell from 0.
BASELINES = 2  # Seeds of a baseline, for each seed of a chain.
MOST = 100  # More seeds are out of reach.
# Seconds of a core of a step with the flags of the parts, by task type, and those of a link
# beside its steps. Measured on an AMD EPYC, beside other work.
STEP_SECONDS = {SEGMENTATION: 0.15, DETECTION: 0.66, KEYPOINTS: 0.45, DEPTH: 0.17}
# The study's targets of detection have half the images.
TARGET_STEP_SECONDS = STEP_SECONDS | {DETECTION: 0.31}
LINK_SECONDS = 7
CURVES = ("four_sets", *(f"steps_{steps}" for steps in imagenet_parts.CURVES))


def blocks() -> dict[str, str]:
    """Returns all tables by the name in their marks, see `studies.readme`."""
    study, rates = _load(STUDY), _load(*RATES)
    chosen = choose_rates(rates)
    found = {
        "imagenet gains": _format_gains(_load("four_sets")),
        "imagenet noise": _format_noise(_load(*CURVES)),
        "imagenet costs": _format_costs(),
        "imagenet larger input": _format_noise(_load("size_160")),
        "imagenet fewer images": _format_noise(_load("batch_4")),
        "imagenet rates": _format_rates(rates, chosen),
        "imagenet rates of fewer images": _format_rates(_load("rates_batch_4"), chosen),
        "imagenet slow": _format_slow(pd.concat([study, _load("left_out", "longer_boxes")])),
        "imagenet targets": imagenet_gains.format_targets(study),
        "imagenet rows": _format_rows(study),
        "imagenet halves": imagenet_gains.format_halves(study),
        "imagenet longer": imagenet_gains.format_longer(study, _load("longer_sources")),
        "imagenet images": imagenet_gains.format_fewer(study, _load("images_40")),
        "imagenet worth": _format_worth(),
    }
    return found


def _load(*names: str) -> pd.DataFrame:
    """Loads the rows of parts that are all kept here."""
    return pd.concat([load_kept(name) for name in names], ignore_index=True)


def _format_worth() -> str:
    """Returns the table of what rules are worth, for the task types that have all rows."""
    kinds = imagenet_gains.list_complete()
    paths = {kind: imagenet_scores.find_path(kind) for kind in kinds}
    return imagenet_rules.format_worth(
        {kind: imagenet_gains.load_analysis([kind]) for kind in kinds},
        {kind: pair_scores.read_scores(path) for kind, path in paths.items() if path.exists()},
        imagenet_scores.PAIRS,
    )


def power_of(noise: float, seeds: float, gain: float = GAIN) -> float:
    """Returns the probability that a true gain is told from 0, of a normal test.

    Args:
      noise: standard deviation of a run's log metric in %.
      seeds: runs of the chain; its baseline has `BASELINES` times as many.
      gain: true gain in %.
    """
    error = noise / 100 * math.sqrt((1 + 1 / BASELINES) / seeds)
    edge = stats.norm.ppf((1 + verdicts.LEVEL) / 2)
    return float(stats.norm.sf(edge - math.log1p(gain / 100) / error))


def seeds_for(noise: float) -> int | None:
    """Returns the fewest seeds of a chain with a power of `verdicts.POWER`; None beyond `MOST`."""
    enough = (n for n in range(2, MOST + 1) if power_of(noise, n) >= verdicts.POWER)
    return next(enough, None)


def _format_gains(rows: pd.DataFrame) -> str:
    """Returns the table of what random weights lose against ImageNet."""
    chains = StudyAnalysis(rows).chains
    lines = []
    for own in chains[chains.source == SCRATCH].itertuples():
        run = rows[(rows.target == own.target) & (rows.target_type == own.target_type)].iloc[0]
        constant = run.get(EXTRA + metrics.CONSTANT + run.metric, math.nan)
        numbers = [own.baseline, own.value, 0.0 if math.isnan(constant) else constant]
        lines.append(
            [f"`{own.target}:{own.target_type}`", metrics.METRICS[run.metric].label, f"{own.seeds}",
             *(f"{x:.3f}" for x in numbers), f"{own.gain:.0f}",
             f"{own.gain_low:.0f} to {own.gain_high:.0f}", f"{own.p_better:.3f}"]
        )  # fmt: skip
    header = ["target", "metric", "seeds", "ImageNet", "random weights", "nothing learned"]
    return format_table([*header, "gain of random weights, %", "95 %", "p > 0"], lines, words=2)


def _group(rows: pd.DataFrame):
    """Yields task, metric, start and rows of each target and start, in the order of the pilot."""
    order = {task: place for place, task in enumerate(imagenet_parts.PILOT)}
    rows = rows.assign(task=rows.target + ":" + rows.target_type)
    for task in sorted(set(rows.task), key=order.__getitem__):
        for start, text in START_TEXTS.items():
            own = rows[(rows.task == task) & (rows.source == start)]
            if len(own):
                yield f"`{task}`", metrics.METRICS[own.metric.iloc[0]].label, text, own


def _format_noise(rows: pd.DataFrame) -> str:
    """Returns the table of metrics, their noise, and the seeds that it asks for."""
    lines = []
    for task, metric, start, own in _group(rows):
        for (steps, rate), part in own.groupby(["steps", "learning_rate"]):
            if len(part) < 2 or part.value.min() <= 0:
                continue
            noise = 100 * float(np.log(part.value).std())
            needed = seeds_for(noise)
            lines.append(
                [task, metric, start, str(steps), f"{rate:g}", str(len(part)),
                 f"{part.value.mean():.3f}", f"{noise:.1f}", f"{100 * power_of(noise, 5):.0f}",
                 f"{needed or f'over {MOST}'}"]
            )  # fmt: skip
    header = ["target", "metric", "start", "steps", "rate", "seeds", "mean", "noise, %"]
    return format_table([*header, "power of 5 seeds, %", "seeds for 80 %"], lines, words=3)


def _format_rates(rows: pd.DataFrame, chosen: Mapping[tuple[str, str], float]) -> str:
    """Returns the table of the metric with each learning rate that was tried.

    Args:
      chosen: the rates of the study by task type and start.
    """
    lines = []
    for task, metric, start, own in _group(rows):
        tried = {float(x): v for text in own.candidates for x, v in json.loads(text).items()}
        best = chosen.get((own.target_type.iloc[0], own.source.iloc[0]))
        shown = []
        for rate, value in sorted(tried.items()):
            text = "diverged" if value is None else f"{value:.3f}"
            shown.append(f"{rate:g}: " + (f"**{text}**" if rate == best else text))
        lines.append([task, metric, start, ", ".join(shown)])
    return format_table(["target", "metric", "start", "metric by rate"], lines, words=4)


def _format_slow(rows: pd.DataFrame) -> str:
    """Returns the table of the targets that learn least, by the number of steps."""
    plain = rows[rows.source == NO_SOURCE]
    lines = []
    for task in imagenet_parts.PARTS["longer_boxes"].starts:
        target = Task.parse(task)
        own = plain[(plain.target == target.dataset) & (plain.target_type == target.type)]
        for steps, part in own.groupby("steps"):
            values = (f"{x:.3f}" for x in part.value.agg(["min", "mean", "max"]))
            label = metrics.METRICS[part.metric.iloc[0]].label
            lines.append([f"`{task}`", label, f"{steps}", f"{len(part)}", *values])
    header = ["target", "metric", "steps", "seeds", "least", "mean", "most"]
    return format_table(header, lines, words=2)


def _format_rows(rows: pd.DataFrame) -> str:
    """Returns the table of how many runs of the study are planned, and how many have a row."""
    part, lines = imagenet_parts.PARTS[STUDY], []
    for kind in imagenet_parts.STEPS:
        targets = [target for target in part.starts if Task.parse(target).type == kind]
        planned = [run for x in targets for run in plan_target(part, x)]
        own = rows[rows.target_type == kind]
        seeds = ", ".join(f"{seed}: {count}" for seed, count in own.groupby("seed").size().items())
        lines.append([kind, f"{len(targets)}", f"{len(planned)}", f"{len(own)}", seeds or MISSING])
    header = ["targets", "number", "runs of the plan", "rows"]
    return format_table([*header, "of these with seed"], lines, words=1)


def _format_costs() -> str:
    """Returns the table of what the study costs, in full and cut."""
    study = imagenet_parts.PARTS[STUDY]
    every = [task for own in real_sets.REAL_SETS for task in own.tasks]
    own = (imagenet_parts.STEPS, imagenet_parts.SOURCE_STEPS, TARGET_STEP_SECONDS)
    kinds = list(imagenet_parts.STEPS)
    plans = [
        ("all tasks", imagenet_parts.list_starts(every, 60), kinds, dict.fromkeys(kinds, 300),
         dict.fromkeys(kinds, 600), STEP_SECONDS),
        ("the study", study.starts, kinds, *own),
        *((f"its targets of {kind}", study.starts, [kind], *own) for kind in kinds),
    ]  # fmt: skip
    lines = []
    for text, starts, types, of_target, of_source, seconds in plans:
        targets = {x: own for x, own in starts.items() if Task.parse(x).type in types}
        sources = [x for x in imagenet_parts.list_sources(starts) if x.type in types]
        counts = {x: len(own) - len(imagenet_parts.STARTS) for x, own in targets.items()}
        kind_of = {x: Task.parse(x).type for x in targets}
        once = {x: _core_hours(of_target[kind], seconds[kind]) for x, kind in kind_of.items()}
        seeds = len(study.seeds)
        chains = seeds * sum(once[x] * count for x, count in counts.items())
        baselines = (2 * seeds + len(study.baseline_seeds)) * sum(once.values())
        models = seeds * sum(_core_hours(of_source[x.type], STEP_SECONDS[x.type]) for x in sources)
        hours = [chains, baselines, models, (chains + baselines + models) / 2]
        shown = "see text"
        if len(types) == 1:
            shown = f"{of_target[types[0]]}, {of_source[types[0]]}"
        elif len({*of_target.values()}) == 1:
            shown = f"{of_target[SEGMENTATION]}, {of_source[SEGMENTATION]}"
        cells = [f"{len(targets)}", f"{len(sources)}", f"{sum(counts.values())}"]
        lines.append([text, shown, *cells, *(f"{x:.1f}" for x in hours)])
    header = ["plan", "steps, of sources", "targets", "sources", "chains", "core-hours of chains"]
    header += ["of baselines", "of source models", "hours on 2 cores"]
    return format_table(header, lines, words=2)


def _core_hours(steps: int, seconds: float) -> float:
    """Returns what a link costs in hours of a core, by the seconds of a step."""
    return (LINK_SECONDS + steps * seconds) / 3600
