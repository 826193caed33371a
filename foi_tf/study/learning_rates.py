"""Chooses one learning rate for each target task, by its chains without a source (Section 4.2).

The paper takes the best of three learning rates for every chain. Here the chain without a source
chooses once for its target. A study then trains little more than one link for each chain, and its
chains differ in nothing but seeds and sources. The rule is ours. It favors the baseline, so it
does not raise gains.

Source models take the rate of their task, too, and a rate that is too high makes poor sources of
models that are as good themselves (studies/FINDINGS.md). So of rates that the noise of a run cannot
tell apart the lowest is chosen.
"""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from foi_tf.errors import FoiError
from foi_tf.study.dataset import Task
from foi_tf.study.metrics import higher_is_better
from foi_tf.study.results import NO_SOURCE

if TYPE_CHECKING:
    import pandas as pd

NOISE = 0.035  # Share of the best metric below which a difference counts as noise; ours.


def choose_rates(results: "pd.DataFrame") -> dict[Task, float]:
    """Chooses the lowest learning rate of each target that is as good as the best, up to `NOISE`.

    The candidates are those that --select_lr=validation tried in the chains without a source, with
    every seed. The mean over seeds decides. A learning rate that diverged with one seed is not
    chosen. Where all are equally good, as where nothing was learned, the middle one is chosen.

    Args:
      results: result rows as `study.results.load` returns them, of one setting and backbone.

    Returns:
      The learning rate of each target task.

    Raises:
      FoiError: no chain has candidates; the chains are of several settings, backbones or initial
        weights; or for a target no learning rate was tried with every seed, or all diverged.
    """
    tried = results[(results.source == NO_SOURCE) & (results.selection == "validation")]
    if tried.empty:
        raise FoiError(
            "no chain without a source chose its learning rate; run foi-target "
            "--source=ilsvrc --select_lr=validation (foi-plan --baselines prints all)"
        )
    texts = {"setting": "settings", "backbone": "backbones", "init": "initial weights",
             "pretraining": "pre-trainings"}  # fmt: skip
    for name, text in texts.items():
        if len(found := sorted(set(tried[name]) - {""})) > 1:
            raise FoiError(
                f"the results are of several {text}: {', '.join(found)}; give the results of one"
            )
    rates = {}
    for (dataset, task_type), own in tried.groupby(["target", "target_type"]):
        task = Task(str(dataset), str(task_type))
        rates[task] = _best_rate(task, own)
    return rates


def _best_rate(task: Task, own: "pd.DataFrame") -> float:
    """Chooses the learning rate of one target from its rows, see `choose_rates`."""
    sign = 1.0 if higher_is_better(own.metric.iloc[0]) else -1.0
    by_seed = [json.loads(text) for text in own.candidates]
    sums = {
        rate: sum(-math.inf if x[rate] is None else sign * x[rate] for x in by_seed)
        for rate in by_seed[0]
        if all(rate in x for x in by_seed)
    }
    if not sums:
        raise FoiError(f"{task}: no learning rate was tried with every seed")
    top = max(sums.values())
    if top == -math.inf:
        raise FoiError(f"{task}: every learning rate diverged ({', '.join(sums)}); try lower ones")
    known = {float(rate): quality for rate, quality in sums.items() if quality > -math.inf}
    if len(set(known.values())) == 1:  # None of them learned more than another.
        return sorted(known)[(len(known) - 1) // 2]
    least = top - NOISE * abs(top)
    return min(rate for rate, quality in known.items() if quality >= least)


def refine_config(config: Mapping[str, Any], rates: Mapping[Task, float]) -> dict[str, Any]:
    """Returns a configuration in which some tasks have their own learning rates.

    Args:
      config: the configuration as `config_files.read_config_file` returns it.
      rates: learning rate of each of these tasks.

    Raises:
      FoiError: the configuration has no section for a task's type.
    """
    refined = json.loads(json.dumps(config))
    for task, rate in sorted(rates.items(), key=lambda item: str(item[0])):
        if task.type not in refined:
            raise FoiError(f"the configuration has no section '{task.type}', which {task} needs")
        own = refined[task.type].setdefault("datasets", {}).setdefault(task.dataset, {})
        own.setdefault("schedule", {})["learning_rate"] = rate
    return refined
