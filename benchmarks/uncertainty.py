"""Simulates studies with known gains, and checks what is said of them.

    python benchmarks/uncertainty.py [repeats] [noise,...]

Each study goes through `StudyAnalysis`, as a report does. Many studies are analyzed at once, as
networks of different names. For each number of targets, seeds and size and shape of the noise the
table has the share of 95 % intervals that hold the true gain, and the share of chains without an
effect that have a star or a clear verdict. Then follow evaluation on few images, noise that
differs between targets, the calibration of P(better), the best of 15 sources, and the kept studies.
"""

import pathlib
import sys
import tempfile

import numpy as np
import pandas as pd
from scipy import stats
from simulated_studies import World, simulate

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import results
from foi_tf.study.metrics import higher_is_better

NOISES = (0.01, 0.03, 0.10)


def check_intervals(analysis: StudyAnalysis, truth: np.ndarray) -> dict[str, float]:
    """Returns shares of chains in %: intervals that hold the truth, and false stars and verdicts.

    Standard errors take chains of a study as one draw.
    """
    chains = analysis.chains
    known = np.isfinite(truth)
    own = chains[known]
    holds = own.gain_low.le(truth[known]) & own.gain_high.ge(truth[known])
    holds = holds.where(own.gain_low.notna())
    none = pd.Series(truth[known] == 0, own.index)
    clear = own.verdict.str.startswith("clearly")
    by_study = holds.groupby(own.backbone).mean()
    return {
        "covers": 100 * holds.mean(),
        "error": 100 * by_study.std() / np.sqrt(max(by_study.count(), 1)),
        "stars": 100 * own.significant[none].mean(),
        "clear": 100 * clear[none].mean(),
        "found": 100 * own.significant[~none].mean(),
    }


HEADER = "  covers  error  false stars  false clear  found"


def format_row(row: dict[str, float]) -> str:
    """Formats the numbers of a row."""
    return "  ".join(f"{value:7.1f}" for value in row.values())


def print_coverage(repeats: int, noises: tuple[float, ...]) -> None:
    """Prints coverage and false stars by targets, seeds, noise and its shape, all in %."""
    print("\ntargets seeds noise tails" + HEADER)
    for targets in (1, 5, 20):
        for seeds in (1, 2, 3, 5, 10):
            for tails in ("normal", "t3"):
                for noise in noises:
                    world = World(targets=targets, seeds=seeds, noise=noise, tails=tails)
                    found = simulate(world, max(repeats // targets, 20), seed=1)
                    row = format_row(check_intervals(*found))
                    print(f"{targets:7} {seeds:5} {noise:5} {tails:6} {row}", flush=True)


def print_uneven(repeats: int) -> None:
    """Prints coverage where the noise of targets differs by a factor of 3."""
    print("\nuneven noise: targets seeds" + HEADER)
    for targets in (5, 20):
        for seeds in (2, 3, 5):
            world = World(targets=targets, seeds=seeds, noise=0.03, uneven=3.0)
            found = simulate(world, max(repeats // targets, 20), seed=4)
            print(f"{targets:21} {seeds:5} {format_row(check_intervals(*found))}", flush=True)


def print_images(repeats: int) -> None:
    """Prints coverage of gains over all images, measured on few of them."""
    print("\nimages seeds noise effects" + HEADER)
    for images in (20, 80, 300):
        for seeds in (1, 2):
            for noise, effects in ((0.03, "none"), (0.03, "levels"), (0.0001, "none")):
                with tempfile.TemporaryDirectory() as place:
                    world = World(
                        targets=1, seeds=seeds, noise=noise, images=images, effects=effects
                    )
                    found = simulate(world, max(repeats // 5, 20), 5, pathlib.Path(place))
                    row = format_row(check_intervals(*found))
                print(f"{images:6} {seeds:5} {noise:6} {effects:7} {row}", flush=True)


def print_calibration(repeats: int) -> None:
    """Prints the share of chains that are better, by tenths of P(better), in %."""
    plain = [
        World(targets=targets, seeds=seeds, noise=noise, effects="all")
        for targets in (1, 5, 20) for seeds in (2, 3, 5) for noise in (0.01, 0.03, 0.10)
    ]  # fmt: skip
    further = [
        World(targets=targets, seeds=5, further=5, noise=0.025, seed_effect=0.05, effects=effects)
        for targets in (1, 6, 20) for effects in ("spread", "all")
    ]  # fmt: skip
    for title, worlds in (("", plain), ("five further seeds of baselines: ", further)):
        print(f"\n{title}P(better), %  was better, %  share of chains, %")
        said, better = [], []
        for world in worlds:
            analysis, truth = simulate(world, max(repeats // (5 * world.targets), 10), seed=6)
            known = np.isfinite(truth)
            said.append(analysis.chains.p_better[known].to_numpy())
            better.append(truth[known] > 0)
        print_tenths(np.concatenate(said), np.concatenate(better), len(title))


def print_tenths(said: np.ndarray, better: np.ndarray, indent: int) -> None:
    """Prints for each tenth of a probability how often it came true."""
    tenth = np.minimum((10 * said).astype(int), 9)
    for one in range(10):
        own = tenth == one
        print(
            f"{100 * said[own].mean():{12 + indent}.1f} {100 * better[own].mean():13.1f} "
            f"{100 * own.mean():18.1f}",
            flush=True,
        )


def print_kept() -> None:
    """Prints how often intervals from all seeds but one hold what the last seed measures, in %.

    The interval of a new run is that of the gain, widened by the noise of one run.
    """
    print("\nkept study  chains  95 % of new runs hold, %  80 %")
    for path in sorted(pathlib.Path("studies").glob("*/results.csv")):
        rows = results.load(path)
        held = StudyAnalysis(rows)
        keys = [*gains.CHAIN]
        runs = held.seed_gains.sort_values("seed")
        many = runs[runs.groupby(keys).seed.transform("nunique") > 1]
        last = many.groupby(keys).tail(1)
        dropped = last.set_index([*keys, "seed"]).index
        found = held.best_runs.set_index([*keys, "seed"]).index.isin(dropped)
        kept = StudyAnalysis(pd.DataFrame(held.best_runs[~found])[list(rows)])
        before = kept.chains.set_index(keys)
        scores = []
        for run in last.to_dict("records"):
            key = tuple(run[name] for name in keys)
            if run["source_type"] == "" or key not in before.index:
                continue
            chain = before.loc[key]
            if not np.isfinite(chain.gain_low) or not chain.baseline > 0:
                continue
            sign = 1 if higher_is_better(run["metric"]) else -1
            ratio = sign * (np.log(run["value"]) - np.log(chain.value))
            deviation = chain.noise / 100 * np.sqrt(1 + 1 / chain.seeds)
            scores.append(2 * stats.t.cdf(-abs(ratio) / deviation, chain.df))
        if not scores:  # One run of each chain.
            continue
        scores = np.array(scores)
        print(
            f"{path.parent.name:10} {len(scores):7} {100 * (scores > 0.05).mean():24.1f} "
            f"{100 * (scores > 0.2).mean():5.1f}",
            flush=True,
        )


def check_best(analysis: StudyAnalysis, truth: np.ndarray, noise: float) -> dict[str, float]:
    """Returns the bias of the best source's gain as shares of the noise, and what its set holds."""
    chains = analysis.chains.assign(truth=truth)
    chains = chains[np.isfinite(truth)]
    place = [chains.backbone, chains.target]
    best = chains[chains.gain_selected.notna()]
    naive = chains.loc[chains.groupby(["backbone", "target"]).gain.idxmax()]
    lead = (best.gain_selected - best.truth) / (100 * noise)
    top = chains.truth == chains.truth.groupby(place).transform("max")
    held = (chains.maybe_best & top).groupby(place).any()
    return {
        "bias": 100 * lead.mean(),
        "error": 100 * lead.std() / np.sqrt(len(lead)),
        "measured": 100 * ((naive.gain - naive.truth) / (100 * noise)).mean(),
        "holds": 100 * held.mean(),
        "of": chains.maybe_best.groupby(place).sum().mean(),
    }


def print_best(repeats: int, noises: tuple[float, ...]) -> None:
    """Prints the bias of the best of 15, in % of the noise of a run, and what the set holds, %."""
    print("\ntargets seeds noise effects  bias  error  measured  best in set  sources in set")
    for targets, seeds in ((1, 2), (1, 5), (5, 2), (20, 2)):
        for effects in ("none", "spread"):
            for noise in noises:
                world = World(targets=targets, seeds=seeds, noise=noise, effects=effects)
                found = simulate(world, max(repeats // targets, 20), seed=2)
                row = check_best(*found, noise)
                print(f"{targets:7} {seeds:5} {noise:5} {effects:7} {format_row(row)}", flush=True)


def main() -> None:
    """Prints all tables."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    noises = tuple(float(text) for text in sys.argv[2].split(",")) if len(sys.argv) > 2 else NOISES
    print_kept()
    print_calibration(repeats)
    print_uneven(repeats)
    print_images(repeats)
    print_coverage(repeats, noises)
    print_best(repeats, noises)


if __name__ == "__main__":
    main()
