"""One learning rate a target task, from its chains without a source (Section 4.2).

The paper takes the best of three for every chain. Chosen once for a target instead, by its
baseline, a study takes little more than a link a chain, and seeds and sources differ in nothing
but themselves. The rule is ours: it favors the baseline, and so no gain.
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


def choose_rates(results: "pd.DataFrame") -> dict[Task, float]:
    """The rate of each target: the best of what --select_lr=validation tried without a source.

    By the mean over seeds, of the rates that all of them tried; one that diverged with one of
    them is not chosen, and of equally good ones, as where nothing was learnt, that in the middle.

    Args:
      results: as `study.results.load` returns them; of one setting and backbone.

    Raises:
      FoiError: no such chain has candidates, they are of several settings or backbones, or of
        a target no rate was tried with every seed, or all diverged.
    """
    tried = results[(results.source == NO_SOURCE) & (results.selection == "validation")]
    if tried.empty:
        raise FoiError(
            "no chain without a source chose its learning rate; run foi-target "
            "--source=ilsvrc --select_lr=validation (foi-plan --baselines prints all)"
        )
    for name in ("setting", "backbone", "init"):
        if len(found := sorted(tried[name].unique())) > 1:
            raise FoiError(f"the results are of several {name}s: {', '.join(found)}; give one's")
    targets = tried.groupby(["target", "target_type"])
    return {Task(*names): _best_rate(Task(*names), own) for names, own in targets}


def _best_rate(task: Task, own: "pd.DataFrame") -> float:
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
    equal = sorted(float(rate) for rate, quality in sums.items() if quality == top)
    return equal[len(equal) // 2]


def refine_config(config: Mapping[str, Any], rates: Mapping[Task, float]) -> dict[str, Any]:
    """A configuration, as YAML has it, whose tasks have their own learning rates.

    Raises:
      FoiError: it has no section for a task's type.
    """
    refined = json.loads(json.dumps(config))
    for task, rate in sorted(rates.items(), key=lambda item: str(item[0])):
        if task.type not in refined:
            raise FoiError(f"the configuration has no section '{task.type}', which {task} needs")
        own = refined[task.type].setdefault("datasets", {}).setdefault(task.dataset, {})
        own.setdefault("schedule", {})["learning_rate"] = rate
    return refined
