"""Compares the time of distances between all datasets with SciPy's.

  python benchmarks/distance.py [--datasets=20 --images=1000 --channels=720 --repeats=5]

The features are random, with one cluster for each dataset. Ours computes the assignments (2) and
(3) of Section 6 between all ordered pairs. SciPy's computes `cdist` once for each unordered pair
and the minima over both of its axes. Both give the same numbers, which is checked, on the same
float32 arrays; `cdist` computes in float64. The program prints the median seconds and their ratio
(required: at most 0.5), the seconds of the one-to-one assignment of all pairs, and the peak memory
of the process. It takes about 4 minutes and 1 GiB.
"""

import itertools
import resource
import statistics
import sys
import time

import numpy as np
from absl import app, flags
from figures import Figure, tell_figures
from scipy.spatial.distance import cdist

from foi_tf.analysis.measures import distance

REQUIRED = 0.5
TOLERANCE = 1e-5  # Relative; features are float32.

DATASETS = flags.DEFINE_integer("datasets", 20, "Number of datasets.", 2)
IMAGES = flags.DEFINE_integer("images", 1000, "Images of each dataset.", 1)
CHANNELS = flags.DEFINE_integer("channels", 720, "Numbers of each image's features.", 1)
REPEATS = flags.DEFINE_integer("repeats", 5, "Timings of each side.", 1)


def by_scipy(features) -> dict[tuple[str, str, str], float]:
    """Returns the distances (2) and (3) of all ordered pairs, by SciPy."""
    found = {}
    for one, two in itertools.combinations(features, 2):
        costs = cdist(features[one], features[two])
        there, back = costs.min(1).mean(), costs.min(0).mean()
        found[one, two, distance.TARGET_TO_SOURCE] = found[two, one, distance.SOURCE_TO_TARGET] = (
            there
        )
        found[one, two, distance.SOURCE_TO_TARGET] = found[two, one, distance.TARGET_TO_SOURCE] = (
            back
        )
    return found


def by_us(features, *assignments) -> dict[tuple[str, str, str], float]:
    """Returns the distances of some assignments of all ordered pairs, by this package."""
    table = distance.distances(features, assignments)
    return table.set_index(distance.COLUMNS[:3]).value.to_dict()


def timed(run, *arguments):
    """Runs a function and returns the seconds that it took, and its result."""
    started = time.perf_counter()
    result = run(*arguments)
    return time.perf_counter() - started, result


def main(_):
    """Times both sides and prints their seconds; exits with 1 if their numbers differ."""
    rng = np.random.default_rng(0)
    shape = (IMAGES.value, CHANNELS.value)
    features = {
        f"d{i}": (rng.normal(size=CHANNELS.value) + rng.normal(size=shape)).astype(np.float32)
        for i in range(DATASETS.value)
    }
    near = distance.TARGET_TO_SOURCE, distance.SOURCE_TO_TARGET
    ours, peers = [], []
    for _ in range(REPEATS.value):
        ours.append(timed(by_us, features, *near))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        peers.append(timed(by_scipy, features))
    own, peer = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, peers))
    print(f"(2) and (3): {own:.1f} s, cdist and min {peer:.1f} s, ", end="")
    print(f"ratio {own / peer:.3f} (at most {REQUIRED}), peak {peak:.2f} GiB")
    count = f"{DATASETS.value} datasets of {IMAGES.value} images"
    what = f"distances (2) and (3) between {count}, against SciPy's cdist"
    tell_figures(Figure(what=what, unit="s", ours=own, peer=peer, at_most=REQUIRED))
    expected = peers[0][1]
    worst = max(abs(ours[0][1][key] / value - 1) for key, value in expected.items())
    print(f"largest relative difference {worst:.1e} of {len(expected)} numbers")
    seconds, found = timed(by_us, features, distance.ONE_TO_ONE)
    print(f"one-to-one: {seconds:.0f} s for {len(found)} ordered pairs")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    sys.exit(int(worst > TOLERANCE))


if __name__ == "__main__":
    app.run(main)
