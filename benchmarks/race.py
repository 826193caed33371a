"""Races starts of simulated targets that are like those of the kept studies, and counts.

  python benchmarks/race.py [--draws=40] [--study=real] [--half=1] [--null] [--confidence=0.9]

A target's true metrics are a draw of the noise model given the rows of studies/, and its runs are
these with noise of the size that was measured for the target, with the tails of Student's t. Each
way to choose a start is then asked on the same runs. Cost is in seconds of the rows, in % of the
whole grid: every start with five seeds; once for runs of the target alone, and once with all
models that sources need. --null makes all starts of a target equal. --half=0 and 1 take every
other target. --only_sure, three runs at a time, ends races as sure or with ten seeds.

Prints a table with a column for each way; "se" is the standard error over targets.
"""

import argparse
import dataclasses
import pathlib

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.recommend import candidates, rules
from foi_tf.comparison import race
from foi_tf.comparison.race import RaceState, RacingStart
from foi_tf.study import metrics, results
from foi_tf.study.results import MULTI_SOURCE, SCRATCH

ROOT = pathlib.Path(__file__).parents[1]
GRID_SEEDS = 5
SEED_SHARE = 0.2  # Of the variance of a run, which runs of one seed have in common.
TAIL_DF = 6.0  # Degrees of freedom of the noise: an excess kurtosis of 3, as in the studies.


@dataclasses.dataclass(frozen=True, eq=False)
class Target:
    """Holds what is known of a target of a study.

    Attributes:
      names: its starts; random weights and the pre-training come first.
      truths: [draws, starts] true metrics.
      noise: [starts] standard deviations of a run's log metric.
      order: places of the sources by the advice, best first.
      size: places of the sources by training images, largest first.
      seconds: of a run of the target.
      model_seconds: [starts] of the model that a start needs.
    """

    name: str
    metric: str
    names: list[str]
    truths: np.ndarray
    noise: np.ndarray
    order: list[int]
    size: list[int]
    seconds: float
    model_seconds: np.ndarray

    @property
    def sign(self) -> float:
        return 1.0 if metrics.higher_is_better(self.metric) else -1.0


def load_targets(study: str, draws: int, *, null: bool) -> list[Target]:
    """Loads the targets of a study with few target images that have three sources or more."""
    rows = results.load(ROOT / "studies" / study / "results.csv")
    analysis = StudyAnalysis(rows)
    gains = analysis.noise.draw_gains(draws)
    models = rows[(rows.setting == "full") & (rows.source == "ilsvrc")]
    model_seconds = models.groupby(["target", "target_type"]).wall_seconds.mean()
    found = []
    for key, pool in analysis.noise.pools.items():
        if pool.noise is None or "small" not in key:
            continue
        for own, errors in zip(pool.targets, pool.noise.targets, strict=True):
            kept = [i for i, runs in enumerate(own.chains) if np.isfinite(own.ratios[i])]
            kept = [i for i in kept if own.chains[i][0]["source"] != MULTI_SOURCE]
            if len(kept) >= 3 and own.baseline:
                target = _make_target(own, errors, kept, gains, model_seconds, rows, null=null)
                if target is not None:
                    found.append(target)
    return found


def _make_target(own, errors, kept, gains, model_seconds, rows, *, null) -> Target | None:
    kept.sort(key=lambda i: own.chains[i][0]["source"] != SCRATCH)
    first = own.chains[kept[0]][0]
    base = np.mean([run["value"] for run in own.baseline])
    sources = [own.chains[i][0] for i in kept]
    names = [
        one["source"] if not one["source_type"] else f"{one['source']}:{one['source_type']}"
        for one in sources
    ]
    places = [own.places[i] for i in kept]
    truths = base * (1 + own.sign * gains[:, places] / 100)
    truths = np.where(truths > 0, truths, base * 0.05)
    truths = np.insert(truths, 1, base, axis=1)
    names.insert(1, "ilsvrc")
    if null:
        truths = np.full_like(truths, base)
    alike = rows[(rows.target == own.target) & (rows.target_type == first["target_type"])]
    alike = alike[alike.setting == "small"]
    seconds = float(alike.wall_seconds.median())
    typical = float(model_seconds.median())
    needed = [
        0.0 if not one["source_type"] else float(
            model_seconds.get((one["source"], one["source_type"]), typical)
        )
        for one in sources
    ]  # fmt: skip
    facts = alike.drop_duplicates(["source", "source_type"]).set_index(["source", "source_type"])
    pairs = pd.DataFrame(
        [
            (own.target, first["target_type"], one["source"], one["source_type"],
             facts.target_domain.iloc[0], facts.source_domain[one["source"], one["source_type"]],
             int(facts.n_source[one["source"], one["source_type"]]), np.nan, i)
            for i, one in enumerate(sources) if one["source_type"]
        ],
        columns=[*candidates.PAIR_COLUMNS, "place"],
    )  # fmt: skip
    shift = {place: place + 1 for place in range(len(sources))}
    advice = rules.rank_sources(pairs, rules.RULES["advice"].score(pairs)).place.map(shift)
    size = rules.rank_sources(pairs, rules.RULES["size"].score(pairs)).place.map(shift)
    if SCRATCH not in names:
        return None
    noise = np.sqrt(np.array([errors.run[1 + kept[0]], errors.run[0],
                              *(errors.run[1 + i] for i in kept[1:])]))  # fmt: skip
    return Target(
        name=f"{own.target}:{first['target_type']}",
        metric=first["metric"],
        names=names,
        truths=truths,
        noise=noise,
        order=list(advice),
        size=list(size),
        seconds=seconds,
        model_seconds=np.insert(np.array(needed), 1, 0.0),
    )


def draw_runs(target: Target, draw: int, rng: np.random.Generator) -> np.ndarray:
    """Draws the metrics of runs, [starts, seeds]."""
    shape = (len(target.names), race.MOST_SEEDS)
    tail = rng.standard_t(TAIL_DF, shape) * np.sqrt((TAIL_DF - 2) / TAIL_DF)
    shared = rng.standard_normal(shape[1]) * np.sqrt(SEED_SHARE)
    noise = target.noise[:, None] * (tail * np.sqrt(1 - SEED_SHARE) + shared)
    return target.truths[draw][:, None] * np.exp(noise)


@dataclasses.dataclass(frozen=True)
class Choice:
    """Says what a way has chosen: its place, runs of each start, and why it ended."""

    place: int
    runs: np.ndarray
    reason: str = ""
    p_best: float = np.nan
    loss: float = np.nan


def run_race(
    target: Target,
    runs: np.ndarray,
    confidence: float,
    opening_sources: int = race.OPENING_SOURCES,
    most_seeds: int = GRID_SEEDS,
) -> Choice:
    """Races random weights, the pre-training and the sources in the order of the advice."""
    places = [0, 1, *target.order]
    starts = [
        RacingStart(name=target.names[i], first_seconds=1.0, seed_seconds=1.0) for i in places
    ]
    values: dict[str, dict[int, float]] = {}
    row = {target.names[i]: runs[i] for i in places}
    state = RaceState(
        metric=target.metric,
        starts=starts,
        values=values,
        confidence=confidence,
        most_seeds=most_seeds,
        opening_sources=opening_sources,
    )
    while (decision := race.decide(state)).runs:
        for name, seed in decision.runs + (decision.ahead if most_seeds > GRID_SEEDS else ()):
            values.setdefault(name, {})[seed] = float(row[name][seed])
    counts = np.array([len(values.get(name, ())) for name in target.names])
    if decision.posterior is None:
        return Choice(1, counts, decision.reason)
    place = decision.posterior.names.index(decision.best)
    return Choice(
        target.names.index(decision.best),
        counts,
        decision.reason,
        float(decision.posterior.p_best[place]),
        decision.loss,
    )


def halve(target: Target, runs: np.ndarray) -> Choice:
    """Halves the starts round after round, by the mean of all seeds so far."""
    kept = list(range(len(target.names)))
    counts = np.zeros(len(kept), int)
    while len(kept) > 1:
        counts[kept] += 1
        means = [target.sign * np.log(runs[i][: counts[i]]).mean() for i in kept]
        order = np.argsort(means)[::-1]
        kept = [kept[i] for i in order[: (len(kept) + 1) // 2]]
    return Choice(kept[0], counts)


def take_best_of(target: Target, runs: np.ndarray, places: list[int], seeds: int) -> Choice:
    """Takes the best of some starts, each with a number of seeds."""
    counts = np.zeros(len(target.names), int)
    counts[places] = seeds
    means = [target.sign * np.log(runs[i][:seeds]).mean() for i in places]
    return Choice(places[int(np.argmax(means))], counts)


def measure(target: Target, draw: int, choice: Choice, way: str) -> dict:
    """Measures the regret and the cost of a choice."""
    truth = target.truths[draw]
    best = truth.max() if target.sign > 0 else truth.min()
    regret = 100 * target.sign * (best - truth[choice.place]) / best
    models = target.model_seconds[choice.runs > 0].sum()
    grid = GRID_SEEDS * len(target.names) * target.seconds
    spent = choice.runs.sum() * target.seconds
    return {
        "way": way,
        "target": target.name,
        "metric": target.metric,
        "regret": regret,
        "cost": 100 * spent / grid,
        "cost_with_models": 100 * (spent + models) / (grid + target.model_seconds.sum()),
        "reason": choice.reason,
        "is_best": regret <= 1e-9,
        "is_close": regret <= 2.0,
        "p_best": choice.p_best,
        "loss": choice.loss,
        "runs": choice.runs.sum(),
    }


def ask_all(
    target: Target, draw: int, confidence: float, seed: int, *, only_sure: bool
) -> list[dict]:
    """Asks all ways for the start of one draw of a target."""
    rng = np.random.default_rng([seed, draw])
    runs = draw_runs(target, draw, rng)
    every = list(range(len(target.names)))
    if only_sure:
        choice = run_race(target, runs, confidence, len(every), race.MOST_SEEDS)
        return [measure(target, draw, choice, "race until sure")]
    some = [int(i) for i in rng.permutation(every)]
    quarter = max(1, round(0.25 * GRID_SEEDS * len(every)))
    ways = {
        "race": run_race(target, runs, confidence),
        "race, each start once": run_race(target, runs, confidence, len(every)),
        "successive halving": halve(target, runs),
        "whole grid": take_best_of(target, runs, every, GRID_SEEDS),
        "one seed each": take_best_of(target, runs, every, 1),
        "random search, 25 %": take_best_of(target, runs, some[: quarter // 2], 2),
        "largest source": take_best_of(target, runs, target.size[:1], 1),
        "foi-recommend": take_best_of(target, runs, target.order[:1], 1),
        "pre-training": take_best_of(target, runs, [1], 1),
    }
    return [measure(target, draw, choice, way) for way, choice in ways.items()]


def summarize(found: pd.DataFrame) -> pd.DataFrame:
    """Summarizes the draws of each way."""
    groups = found.groupby("way", sort=False)
    means = found.groupby(["way", "target"], sort=False)[["cost", "cost_with_models", "regret"]]
    errors = means.mean().groupby("way", sort=False).sem()
    columns = {}
    for name in ("cost", "cost_with_models", "regret"):
        columns[name], columns[f"{name} se"] = groups[name].mean(), errors[name]
    table = pd.DataFrame(columns).assign(
        within_2=groups.is_close.mean(), runs=groups.runs.mean(), races=groups.size()
    )
    for reason in ("sure", "alike", "noise", "seeds"):
        own = found[found.reason == reason].groupby("way", sort=False)
        table[reason] = own.size()
        if reason == "sure":
            table["stated"], table["right"] = own.p_best.mean(), own.is_best.mean()
        if reason == "alike":
            table["stated_loss"], table["its_regret"] = own.loss.mean(), own.regret.mean()
    return table.dropna(axis=1, how="all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--study", default="equal_steps,real")
    parser.add_argument("--confidence", type=float, default=0.9)
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--half", type=int, default=None, choices=(0, 1))
    parser.add_argument("--only_sure", action="store_true")
    parser.add_argument("--out", default="")
    given = parser.parse_args()
    if given.only_sure:
        race.LEAST_LOSS = race.LEAST_WORTH = -np.inf
    frames = []
    for study in given.study.split(","):
        targets = load_targets(study, given.draws, null=given.null)
        targets = targets if given.half is None else targets[given.half :: 2]
        rows = [
            row
            for place, target in enumerate(targets)
            for draw in range(given.draws)
            for row in ask_all(target, draw, given.confidence, place, only_sure=given.only_sure)
        ]
        frames.append(pd.DataFrame(rows).assign(study=study))
        print(f"{study}: {len(targets)} targets, {given.draws} draws each")
        print(summarize(frames[-1]).round(3).T.to_string())
    if given.out:
        pd.concat(frames).to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
