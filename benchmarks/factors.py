"""Simulates studies to check the p-values and intervals of factors (Table 10).

  python benchmarks/factors.py [--draws=1000 --resamples=199 --grids=12x10,6x8]

A gain is the sum of an effect of the target (standard deviation 10 %), one of the source (8), and
noise (5). Factors have nothing to do with it: a property of the source, one of the target, a number
of the pair, a distance between points in space, the same domain, and the same domain where
targets and sources of a domain are alike. A grid is TARGETSxSOURCES, with a share of pairs that
were not run, as 12x10-0.3. The program prints, by grid and factor: how often the factor is
significant at 5 % (required: at most 6 %, within the error), how often the interval of tau covers
0, and how often a factor with an effect is significant (of 6 % a standard deviation for properties
of the source or target, else 2.5 %). In brackets: standard errors. It takes about 25 minutes.
"""

import numpy as np
import pandas as pd
from absl import app, flags

from foi_tf.analysis.measures import correlation

TARGET_DEVIATION, SOURCE_DEVIATION, NOISE = 10.0, 8.0, 5.0
OF_DOMAINS = np.array([10.0, 3.0, -5.0, 0.0])  # The effects of targets and sources that are alike.
EFFECTS = {"property of the source": 6.0, "property of the target": 6.0}
PAIR_EFFECT = 2.5
GRIDS = "12x10,6x8,20x15,12x10-0.3,12x10-0.6,1x10"
REQUIRED = 0.06

DRAWS = flags.DEFINE_integer("draws", 1000, "Simulated studies of each grid.", 1)
RESAMPLES = flags.DEFINE_integer("resamples", 199, "Permutations of each.", 1)
GRID = flags.DEFINE_list("grids", GRIDS.split(","), "Grids, comma-separated.")


def draw_study(
    targets: int, sources: int, missing: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Draws the pairs of a study with gains, and factors that have nothing to do with them."""
    target, source = np.divmod(np.arange(targets * sources), sources)
    run = rng.random(len(target)) >= missing
    target, source = target[run], source[run]
    places = [rng.normal(size=(count, 3)) for count in (targets, sources)]
    domains = [rng.integers(0, len(OF_DOMAINS), count) for count in (targets, sources)]
    of_target, of_source = domains[0][target], domains[1][source]
    same = (of_target == of_source).astype(float)
    factors = {
        "property of the source": rng.normal(size=sources)[source],
        "property of the target": rng.normal(size=targets)[target],
        "number of the pair": rng.uniform(size=len(target)),
        "distance": -np.linalg.norm(places[0][target] - places[1][source], axis=1),
        "same domain": same,
    }
    if targets > 1:  # To a single target, sources that are alike inside do differ by domain.
        factors["same domain, alike inside"] = same
    gains = rng.normal(0, TARGET_DEVIATION, targets)[target]
    gains += rng.normal(0, SOURCE_DEVIATION, sources)[source] + rng.normal(0, NOISE, len(target))
    pairs = pd.DataFrame(
        {"target": [f"target{i}" for i in target], "source": [f"source{i}" for i in source],
         "target_type": "segmentation", "gain": gains,
         "alike": gains + 2 * OF_DOMAINS[of_target] + OF_DOMAINS[of_source]}
    )  # fmt: skip
    varied = {name: factor for name, factor in factors.items() if np.ptp(factor) > 0}
    return pairs, varied


def judge(pairs: pd.DataFrame, factor: np.ndarray, name: str, resamples: int, seed: int) -> tuple:
    """Returns whether a factor is significant, covers 0, and is significant with an effect."""
    if "alike" in name:
        pairs = pairs.assign(gain=pairs.alike)
    effect = EFFECTS.get(name, PAIR_EFFECT) * factor / factor.std()
    found = []
    for own in (pairs, pairs.assign(gain=pairs.gain + effect)):
        (row,) = correlation.tau_over_all(
            own.assign(factor=factor), ["factor"], resamples=resamples, seed=seed
        ).to_dict("records")
        found.append((row["p_value"] <= 0.05, not (row["low"] > 0 or row["high"] < 0)))
    return *found[0], found[1][0]


def main(_) -> None:
    """Prints the table."""
    rng, worst = np.random.default_rng(0), 0.0
    print(f"{'grid':12} {'factor':28} false        covers 0     power")
    for grid in GRID.value:
        size, _, missing = grid.partition("-")
        counts: dict[str, list] = {}
        for seed in range(DRAWS.value):
            targets, sources = map(int, size.split("x"))
            pairs, factors = draw_study(targets, sources, float(missing or 0), rng)
            for name, factor in factors.items():
                found = judge(pairs, factor, name, RESAMPLES.value, seed)
                counts.setdefault(name, []).append(found)
        for name, found in counts.items():
            shares, error = np.mean(found, 0), np.std(found, 0) / len(found) ** 0.5
            cells = "  ".join(f"{x:.3f} ({e:.3f})" for x, e in zip(shares, error, strict=True))
            print(f"{grid:12} {name:28} {cells}", flush=True)
            worst = max(worst, shares[0] - 2 * error[0])
    print(f"largest false rate, less two standard errors: {worst:.3f} (required: {REQUIRED})")


if __name__ == "__main__":
    app.run(main)
