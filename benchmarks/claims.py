"""Simulates studies without the effects that findings claim, and counts what is said to hold.

  python benchmarks/claims.py [--studies=1000 --draws=400 --datasets=8,17]

The datasets of a study are targets and sources of segmentation, and a third of them of depth too.
Gains are the sum of an effect of the target (standard deviation 10 %), one of the source (8), one
of the pair (4) and noise (5), in each of the three settings. Domains, distances and sizes are drawn
at random, so that no comparison of findings A3, A4, A6, A8, A9 and A10 is true in general. From
random weights a target is as often better as worse (A1). A2, A6 and A7 compare shares with a
threshold; here each target has one effect for all sources and is positive as often as the
threshold says. The program prints for each piece of evidence how often it could be asked, how often
its probability is at least 0.95 (required: at most 6 %), and how often at most 0.05. In brackets:
standard errors. It takes about 15 minutes.
"""

import collections
import itertools

import numpy as np
import pandas as pd
from absl import app, flags

from foi_tf.analysis.findings.evidence import CERTAIN
from foi_tf.analysis.findings.findings import judge_findings
from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.gains import NEGATIVE, POSITIVE, VERY_POSITIVE
from foi_tf.study import grid

TARGET_DEVIATION, SOURCE_DEVIATION, PAIR_DEVIATION, NOISE = 10.0, 8.0, 4.0, 5.0
DOMAINS = ("consumer", "driving", "indoor", "aerial")
REQUIRED = 0.06
# Pieces that ask for a share: in studies of a second kind a target has a positive effect as often.
SHARES = {"targets with a positive source": 0.5, "targets with a positive source of another": 0.25,
          "positive chains within": 0.5, "positive targets by": 0.5}  # fmt: skip

STUDIES = flags.DEFINE_integer("studies", 1000, "Simulated studies of each size.", 1)
DRAWS = flags.DEFINE_integer("draws", 400, "Draws of each.", 1)
DATASETS = flags.DEFINE_list("datasets", ["8", "17"], "Numbers of datasets, comma-separated.")


def draw_study(
    datasets: int, rng: np.random.Generator, positive: float | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draws the chains of a study and the distances between its datasets.

    Args:
      datasets: their number.
      rng: draws all of it.
      positive: with it, gains are effects of the target alone, positive with this probability.
    """
    domain = dict(enumerate(rng.choice(DOMAINS, datasets)))
    size = dict(enumerate(rng.integers(100, 10_000, datasets)))
    tasks = [(i, "segmentation") for i in range(datasets)]
    tasks += [(i, "depth") for i in range(datasets) if i % 3 == 0]
    of_source = {task: rng.normal(0, SOURCE_DEVIATION) for task in tasks}
    rows = []
    for setting in grid.SETTINGS:
        of_target = {task: rng.normal(0, TARGET_DEVIATION) for task in tasks}
        for target, source in itertools.permutations(tasks, 2):
            if setting != "small" and (target[1], source[1]) != ("segmentation",) * 2:
                continue
            gain = of_target[target] + of_source[source] + rng.normal(0, PAIR_DEVIATION)
            rows.append((*target, *source, setting, gain + rng.normal(0, NOISE)))
        rows += [(*task, "scratch", "", setting, rng.normal(0, NOISE)) for task in tasks
                 if setting != "small_source"]  # fmt: skip
    names = ["target", "target_type", "source", "source_type", "setting", "gain"]
    chains = pd.DataFrame(rows, columns=names)
    if positive is not None:
        up = {task: 5.0 if rng.random() < positive else -5.0 for task in tasks}
        chains["gain"] = [up[task] for task in zip(chains.target, chains.target_type, strict=True)]
    chains = chains.assign(
        target_domain=chains.target.map(domain), source_domain=chains.source.map(domain).fillna(""),
        n_source=chains.source.map(size).fillna(0), n_target=chains.target.map(size), floor="",
        gain_size=chains.gain.abs(), positive=(chains.gain > POSITIVE).astype(float),
        very_positive=(chains.gain > VERY_POSITIVE).astype(float),
        negative=(chains.gain < NEGATIVE).astype(float),
    )  # fmt: skip
    chains[["target", "source"]] = chains[["target", "source"]].astype(str)
    places = rng.normal(size=(len(distance.ASSIGNMENTS), datasets, 3))
    apart = [
        (str(one), str(other), name, np.linalg.norm(own[one] - own[other]))
        for own, name in zip(places, distance.ASSIGNMENTS, strict=True)
        for one, other in itertools.permutations(range(datasets), 2)
    ]
    return chains, pd.DataFrame(apart, columns=distance.COLUMNS)


def judge(chains: pd.DataFrame, distances: pd.DataFrame, draws: int, seed: int) -> dict:
    """Returns the probability of each piece of evidence, by finding and description."""
    return {
        (one.id, piece.what): piece.probability
        for one in judge_findings(chains, distances, draws=draws, seed=seed)
        for piece in one.evidence
        if piece.threshold
    }


def main(_) -> None:
    """Prints the table."""
    rng, worst = np.random.default_rng(0), 0.0
    for datasets in map(int, DATASETS.value):
        found = collections.defaultdict(list)
        for seed in range(STUDIES.value):
            pieces = judge(*draw_study(datasets, rng), DRAWS.value, seed)
            pieces = {x: p for x, p in pieces.items() if not x[1].startswith(tuple(SHARES))}
            for share in set(SHARES.values()):
                of_share = judge(*draw_study(datasets, rng, share), DRAWS.value, seed)
                for (name, what), probability in of_share.items():
                    if any(what.startswith(x) and y == share for x, y in SHARES.items()):
                        pieces[name, what] = probability
            for key, probability in pieces.items():
                found[key].append(probability)
        for (name, what), probabilities in sorted(found.items()):
            known = np.array(probabilities)[~np.isnan(probabilities)]
            if not len(known):
                continue
            shares = [(known >= CERTAIN).mean(), (known <= 1 - CERTAIN).mean()]
            errors = [(x * (1 - x) / len(known)) ** 0.5 for x in shares]
            cells = "  ".join(f"{x:.3f} ({e:.3f})" for x, e in zip(shares, errors, strict=True))
            print(f"{datasets:3} datasets  {name:4} {len(known):5}  {cells}  {what}", flush=True)
            worst = max(worst, shares[0] - 2 * errors[0])
    print(f"largest false rate, less two standard errors: {worst:.3f} (required: {REQUIRED})")


if __name__ == "__main__":
    app.run(main)
