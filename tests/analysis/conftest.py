"""Result rows as a study would leave them, with numbers that are easy to compute by hand."""

import dataclasses

import pandas as pd
import pytest

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import grid, results
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS

DOMAINS = {
    "coco": "consumer", "pvoc": "consumer", "camvid": "driving", "city": "driving",
    "isprs": "aerial", "sunrgbd": "indoor", "vkitti2": "synthetic", "multi": "",
    "ilsvrc": "websearch",
}  # fmt: skip
SIZES = {
    "coco": 118_287, "pvoc": 10_582, "camvid": 367, "city": 2_975, "isprs": 4_000,
    "sunrgbd": 5_000, "vkitti2": 43_000, "multi": 200_000, "ilsvrc": 1_281_167,
}  # fmt: skip
METRICS = {
    "segmentation": "miou", "detection": "map", "keypoints": "oks_ap50", "depth": "rmse",
    "classification": "top1", "contrastive": "contrastive_accuracy",
}  # fmt: skip


def make_row(target, source, value, /, **changes):
    """Builds a row from `"target:type"`, a source of the same form or ilsvrc or scratch."""
    target, target_type = target.split(":")
    source, _, source_type = source.partition(":")
    row = results.Row(
        target=target,
        target_type=target_type,
        target_domain=DOMAINS[target],
        source=source,
        source_type=source_type,
        source_domain=DOMAINS[source] if source_type else "",
        setting="small",
        backbone="hrnet_w48",
        init="scratch" if source == "scratch" else "ilsvrc",
        seed=0,
        learning_rate=0.01,
        n_source=SIZES[source] if source_type else 0,
        n_target=150,
        metric=METRICS[target_type],
        value=value,
        steps=1000,
        wall_seconds=1800.0,
        device="TPU v3",
        devices=8,
        chip_hours=4.0,
        config_digest="c0ffee",
        version="0.1.0",
    )
    return dataclasses.replace(row, **changes)


def write(directory, specs) -> pd.DataFrame:
    """Writes rows, given as the arguments of `make_row`, and loads them again."""
    for spec in specs:
        changes = spec[-1] if isinstance(spec[-1], dict) else {}
        arguments = spec[:-1] if changes else spec
        results.write_row(make_row(*arguments, **changes), directory)
    return results.load(directory)


@pytest.fixture
def make_results(tmp_path):
    """`write` into the test's own directory `results`."""
    return lambda *specs: write(tmp_path / "results", specs)


@pytest.fixture
def analyze_starts(tmp_path):
    """Analyzes one target from its starts: the metric of each seed, by the name of the start."""

    def analyze(starts, target="camvid:segmentation", **changes) -> StudyAnalysis:
        specs = [
            (target, name, value, {"seed": seed, **changes})
            for name, values in starts.items()
            for seed, value in enumerate(values)
        ]
        place = tmp_path / f"starts_{len(list(tmp_path.iterdir()))}"
        return StudyAnalysis(write(place, specs))

    return analyze


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> pd.DataFrame:
    """A small study: two target types, sources within and across domain and type, seeds."""
    specs = (
        ("camvid:segmentation", "ilsvrc", 0.50),
        ("camvid:segmentation", "ilsvrc", 0.50, {"seed": 1}),
        ("camvid:segmentation", "scratch", 0.30),
        ("camvid:segmentation", "city:segmentation", 0.60),  # +20 %.
        ("camvid:segmentation", "city:segmentation", 0.65, {"seed": 1}),  # +30 %.
        ("camvid:segmentation", "coco:segmentation", 0.525),  # +5 %.
        ("camvid:segmentation", "isprs:segmentation", 0.45),  # -10 %.
        ("camvid:segmentation", "coco:detection", 0.505),  # +1 %.
        ("isprs:segmentation", "ilsvrc", 0.40),
        ("isprs:segmentation", "coco:segmentation", 0.38),  # -5 %.
        ("isprs:segmentation", "multi:segmentation", 0.42),  # +5 %.
        ("sunrgbd:depth", "ilsvrc", 0.80),
        ("sunrgbd:depth", "vkitti2:depth", 0.60),  # +25 %.
        ("sunrgbd:depth", "coco:segmentation", 0.88),  # -10 %.
        ("ilsvrc:classification", "scratch", 0.795, {"setting": "full", "n_target": 1_281_167}),
    )
    return write(tmp_path_factory.mktemp("study"), specs)


@pytest.fixture(scope="session")
def complete():
    """Builds the frame of all of the paper's chains of some settings, with made-up gains.

    `gain_of(chain, setting)` in percent; every baseline is 0.5, and 0.4 from scratch.
    """

    def make(gain_of, settings=("small", "full"), pairs="within_type") -> pd.DataFrame:
        rows = []
        for setting in settings:
            chains = list(grid.chains(DATASETS, setting, pairs))
            for target in sorted({chain.target for chain in chains}):
                for source, value in (("ilsvrc", 0.5), ("scratch", 0.4)):
                    worse = 0.625 if target.type == "depth" else 0.4
                    value = worse if source == "scratch" else value
                    rows.append(_record(source, target, setting, value))
            for chain in chains:
                sign = -1 if chain.target.type == "depth" else 1
                value = 0.5 * (1 + sign * gain_of(chain, setting) / 100)
                rows.append(_record(chain.source, chain.target, setting, value))
        return pd.DataFrame(rows)

    return make


def _record(source, target, setting, value):
    row = DATASETS[target.dataset]
    end = {"source": source, "source_type": "", "source_domain": "", "n_source": 0}
    if isinstance(source, Task):
        multi = source.dataset == results.MULTI_SOURCE
        of = None if multi else DATASETS[source.dataset]
        end = {
            "source": source.dataset, "source_type": source.type,
            "source_domain": "" if multi else of.domain,
            "n_source": 0 if multi else of.size(source.type, "train"),
        }  # fmt: skip
        if setting == "small_source":
            end["n_source"] = min(1500, end["n_source"])
    return end | {
        "target": target.dataset, "target_type": target.type, "target_domain": row.domain,
        "setting": setting, "backbone": "hrnet_w48",
        "init": "scratch" if source == "scratch" else "ilsvrc", "seed": 0, "learning_rate": 0.1,
        "n_target": grid.max_target_images(row, setting) or row.size(target.type, "train"),
        "metric": METRICS[target.type], "value": value, "steps": 1, "wall_seconds": 3600.0,
        "device": "cpu", "devices": 1, "chip_hours": 1.0, "config_digest": "d", "version": "0",
        "selection": "none", "candidates": "{}",
    }  # fmt: skip
