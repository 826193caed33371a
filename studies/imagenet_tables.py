"""Makes the tables of IMAGENET.md from the rows that imagenet/ keeps."""

import json
import math

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study import metrics
from foi_tf.study.dataset import Task
from foi_tf.study.results import EXTRA, NO_SOURCE, SCRATCH
from studies import imagenet_parts, imagenet_runs, real_sets
from studies.markdown import format_table

START_TEXTS = {NO_SOURCE: "ImageNet", SCRATCH: "random weights"}
GAIN = 5.0  # Gain in % that a target of segmentation should tell from 0.
BASELINES = 2  # Seeds of a baseline, for each seed of a chain.
MOST = 100  # More seeds are out of reach.
# Seconds of a core of a step with the flags of the parts, by task type, and those of a link
# beside its steps. Measured on an AMD EPYC, beside other work.
STEP_SECONDS = {"segmentation": 0.15, "detection": 0.66, "keypoints": 0.45, "depth": 0.17}
LINK_SECONDS = 7
CURVES = ("four_sets", "steps_75", "steps_150", "steps_300", "steps_600")


def blocks() -> dict[str, str]:
    """Returns all tables by the name in their marks, see `studies.readme`."""
    found = {
        "imagenet gains": _format_gains("four_sets"),
        "imagenet noise": _format_noise(_load_curves()),
        "imagenet costs": _format_costs(),
    }
    rates = imagenet_runs.load_kept("rates")
    return found if rates is None else found | {"imagenet rates": _format_rates(rates)}


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


def _format_gains(name: str) -> str:
    """Returns the table of what random weights lose against ImageNet in a part."""
    rows = imagenet_runs.load_kept(name)
    assert rows is not None
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


def _load_curves() -> pd.DataFrame:
    """Loads the rows of all parts that train at 96 x 96 by one rate."""
    found = [imagenet_runs.load_kept(name) for name in CURVES]
    return pd.concat([x for x in found if x is not None], ignore_index=True)


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


def _format_rates(rows: pd.DataFrame) -> str:
    """Returns the table of the metric with each learning rate that was tried."""
    lines = []
    for task, metric, start, own in _group(rows):
        tried = [json.loads(text) for text in own.candidates]
        for rate in sorted(tried[0], key=float):
            values = [x[rate] for x in tried]
            known = None not in values
            mean = f"{np.mean(values):.3f}" if known else "diverged"
            lines.append([task, metric, start, rate, mean])
    return format_table(["target", "metric", "start", "rate", "mean"], lines, words=3)


def _format_costs() -> str:
    """Returns the table of what the study costs, in full and cut."""
    study = imagenet_parts.PARTS["study"]
    every = [task for own in real_sets.REAL_SETS for task in own.tasks]
    some = [Task.parse(target) for target in study.starts]
    long, short = dict.fromkeys(STEP_SECONDS, 300), imagenet_parts.STEPS
    plans = [
        ("all tasks, 300 steps, sources 600", every, 60, long),
        (f"without {len(every) - len(some)} targets, half of the sample", some, 30, long),
        ("detection and keypoints at 150 steps, their sources at 300", some, 30, short),
    ]
    lines = []
    for text, tasks, sample, steps in plans:
        starts = imagenet_parts.list_starts(tasks, sample)
        sources = {task: len(own) - len(imagenet_parts.STARTS) for task, own in starts.items()}
        once = {str(x): _core_hours(x, steps[x.type]) for x in tasks}
        seeds = len(study.seeds)
        chains = seeds * sum(once[task] * count for task, count in sources.items())
        baselines = 2 * (seeds + len(study.baseline_seeds)) * sum(once.values())
        models = seeds * sum(_core_hours(x, 2 * steps[x.type]) for x in tasks)
        hours = [chains, baselines, models, (chains + baselines + models) / 2]
        counts = [str(len(tasks)), str(sum(sources.values()))]
        lines.append([text, *counts, *(f"{x:.0f}" for x in hours)])
    header = ["plan", "tasks", "chains", "core-hours of chains", "of baselines"]
    return format_table([*header, "of source models", "hours on 2 cores"], lines, words=1)


def _core_hours(task: Task, steps: int) -> float:
    """Returns what a link costs in hours of a core."""
    return (LINK_SECONDS + steps * STEP_SECONDS[task.type]) / 3600
