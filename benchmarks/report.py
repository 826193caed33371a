"""Measures the time, size and peak memory of a report from a whole study.

    python benchmarks/report.py [rows] [--directory=DIR] [--repeats=5]

Prints medians. The rows have made-up values for the paper's chains in all settings, with as many
seeds as needed.
"""

import argparse
import itertools
import multiprocessing
import pathlib
import resource
import statistics
import tempfile
import time

import numpy as np
from figures import Figure, tell_figures

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.report import write_report
from foi_tf.study import grid, results
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.registry import DATASETS
from foi_tf.study.results import MULTI_SOURCE, NO_SOURCE, SCRATCH, Row

METRICS = {
    "segmentation": "miou", "detection": "ap50", "keypoints": "oks_ap50", "depth": "rmse",
}  # fmt: skip
BASELINE = 0.4
LIMIT = 8.0  # Seconds for 2000 rows.


def row(source: Task | str, target: Task, setting: str, seed: int, rng: np.random.Generator) -> Row:
    """Makes the row of a chain with a made-up value: near sources gain, far ones lose."""
    dataset: Dataset = DATASETS[target.dataset]
    of_source = {"source": str(source), "source_type": "", "source_domain": "", "n_source": 0}
    gain = -0.2 if source == SCRATCH else 0.0
    if isinstance(source, Task):
        multi = source.dataset == MULTI_SOURCE
        near = grid.Chain(source, target).within_domain(DATASETS)
        gain = (0.08 if near else -0.05) * (1 if source.type == target.type else 0.5)
        of_source = {
            "source": source.dataset,
            "source_type": source.type,
            "source_domain": "" if multi else DATASETS[source.dataset].domain,
            "n_source": 0 if multi else DATASETS[source.dataset].size(source.type, "train"),
        }
    sign = -1 if target.type == "depth" else 1
    return Row(
        target=target.dataset, target_type=target.type, target_domain=dataset.domain, **of_source,
        setting=setting, backbone="hrnet_w48", init=SCRATCH if source == SCRATCH else NO_SOURCE,
        seed=seed, learning_rate=0.1, metric=METRICS[target.type],
        n_target=grid.max_target_images(dataset, setting) or dataset.size(target.type, "train"),
        value=BASELINE * (1 + sign * gain + rng.normal(0, 0.03)), steps=1000, wall_seconds=3600.0,
        device="TPU v3", devices=8, chip_hours=8.0, config_digest="0123456789abcdef", version="0",
    )  # fmt: skip


def study(count: int) -> list[Row]:
    """Makes the first `count` rows: seed by seed, in all settings, with baselines first."""
    rng, found = np.random.default_rng(0), []
    for seed in itertools.count():
        for setting in ("small", "full"):
            for source, target in itertools.product(
                (NO_SOURCE, SCRATCH), grid.structured_tasks(DATASETS)
            ):
                found.append(row(source, target, setting, seed, rng))
        for setting in grid.SETTINGS:
            for chain in grid.chains(DATASETS, setting, "all"):
                found.append(row(chain.source, chain.target, setting, seed, rng))
        if len(found) >= count:
            return found[:count]


def time_report(out: pathlib.Path) -> tuple[float, float, float]:
    """Writes a report of the rows in a directory; returns its seconds, CPU seconds and peak MiB."""
    start, cpu = time.perf_counter(), time.process_time()
    write_report(StudyAnalysis(results.load(out / "results")), out / "report")
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def main() -> None:
    """Writes the rows and reports of them, and prints what a report takes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="?", type=int, default=2000, help="Number of rows.")
    parser.add_argument("--directory", type=pathlib.Path, help="Keeps rows and report there.")
    parser.add_argument("--repeats", type=int, default=5, help="Reports, each by a new process.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = given.directory or pathlib.Path(temporary)
        for one in study(given.rows):
            results.write_row(one, out / "results")
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            found = [pool.apply(time_report, (out,)) for _ in range(given.repeats)]
        seconds, cpu, peak = (statistics.median(values) for values in zip(*found, strict=True))
        report = out / "report" / "report.html"
        files = [file for file in report.parent.rglob("*") if file.is_file()]
        print(
            f"{given.rows} rows: {seconds:.1f} s ({cpu:.1f} s of CPU), "
            f"report.html {report.stat().st_size / 1e6:.1f} MB"
        )
        print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
        print(f"peak memory {peak:.0f} MiB")
        what = f"report of {given.rows} rows, against the limit"
        limit = LIMIT * given.rows / 2000
        tell_figures(Figure(what=what, unit="s", ours=seconds, peer=limit, at_most=1))


if __name__ == "__main__":
    main()
