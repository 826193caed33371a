"""Compares ways to screen source models: what they cost, and how well they agree with fine-tuning.

  python benchmarks/screening.py --workdir=W --init=LINK --data_dir=D --out=OUT

LINK is that of the pre-training.

W holds a finished study with few target images: chains without a source and from sources, and the
source models, as `launch/study.sh mini` leaves them. With --results, as studies/mini/results.csv,
the chains may be of another machine, and W needs the source models alone. Each target's sources of
its own task type, or all with --pairs=all, are scored by probes, by all transferability metrics on
points, and by the rules that need no model. OUT keeps probes and points, so that a run that was
stopped goes on.

For each task type and way the program prints the median seconds of one source (for metrics, those
of the features are in them; TensorFlow's start is not), and over the targets the mean of Kendall's
tau with the fine-tuned metric, the same with the start without a source among the sources, the
mean regret of the first pick among the sources in %, and the largest one.
Targets at a floor are left out, see `analysis.measures.floors`, and ways that score only some of
the sources of each target.
"""

import statistics
import time

import numpy as np
import pandas as pd
from absl import app, flags
from etils import epath

from foi_tf.analysis.measures.kendall import kendall_tau
from foi_tf.analysis.measures.summary import PAIR
from foi_tf.analysis.recommend import past_transfers, regret, source_ranking, transferability
from foi_tf.chains import initial_weights, links
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.inference import features, frozen_probe
from foi_tf.inference.features import FeatureRequest
from foi_tf.inference.probe_request import ProbeRequest
from foi_tf.study import grid, metrics, results
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, Task

WORKDIR = flags.DEFINE_string("workdir", None, "Working directory of the study.", required=True)
RESULTS = flags.DEFINE_string("results", "", "Result rows, if they are not those of --workdir.")
INIT = flags.DEFINE_string("init", None, "Link of the pre-training.", required=True)
DATA_DIR = flags.DEFINE_string("data_dir", None, "Prepared datasets.", required=True)
OUT = flags.DEFINE_string("out", None, "Directory of probes and points.", required=True)
BACKBONE = flags.DEFINE_string("backbone", "hrnet_mini", "Backbone of the study.")
TYPES = flags.DEFINE_list("task_types", list(STRUCTURED_TASK_TYPES), "Task types to compare.")
PAIRS = flags.DEFINE_enum(
    "pairs", "within_type", ["within_type", "all"], "Task types of the sources."
)
POINTS = flags.DEFINE_integer("points", 50, "Points of an image, at most.", 1)
SETTING, BARE = "small", Task("ilsvrc", "")
WITHOUT_MODELS = ("advice", "domain", "size")


def find_models(workdir):
    """Returns by task the weights of its source model, and by target its input size."""
    models, sizes = {}, {}
    for place in sorted((epath.Path(workdir) / "links").iterdir()):
        if not links.is_finished(place):
            continue
        link = links.load_finished(place).link
        sizes[link.task] = link.members[0].crop
        if len(link.chain) == 2 and link.images == (None,) and not link.holdout:
            models.setdefault(link.task, initial_weights.find_weights(place, BACKBONE.value))
    models[BARE] = initial_weights.find_weights(INIT.value, BACKBONE.value)
    return models, sizes


def score_by_probes(prepared, target, starts, size):
    """Returns by way and source the scores of probes, and their seconds."""
    request = ProbeRequest(
        prepared=prepared, task=target, size=size,
        images=grid.max_target_images(prepared.dataset, SETTING),
    )  # fmt: skip
    found = frozen_probe.probe_weights(
        request, BACKBONE.value, list(starts.values()), keep=epath.Path(OUT.value) / "probes"
    )
    pairs = list(zip(starts, found, strict=True))
    return {
        "probe": {task: (one.score, one.seconds) for task, one in pairs},
        "probe loss": {task: (one.loss_score, one.seconds) for task, one in pairs},
    }


def score_by_metrics(prepared, target, starts, size):
    """Returns by metric and source the value on points, and the seconds with the features."""
    request = FeatureRequest(
        prepared=prepared, task_type=target.type, points=POINTS.value, size=size,
        images=grid.max_target_images(prepared.dataset, SETTING),
    )  # fmt: skip
    found = {}
    for source, begin in starts.items():
        path = epath.Path(OUT.value) / "points" / f"{target}-{source}.npz".replace(":", ".")
        seconds = path.with_suffix(".seconds")
        if not seconds.exists():
            started = time.perf_counter()
            network = features.FeatureExtractor(BACKBONE.value, begin, 0)
            features.update_features(path, [request], network, 8)
            seconds.write_text(str(time.perf_counter() - started))
        (made,) = features.feature_files.load_features(path)
        for name in transferability.METRICS:
            started = time.perf_counter()
            try:
                value = transferability.score_points(name, made.points, str(target))
            except FoiError:  # As LEEP without a classifier of the source, or classes of depth.
                continue
            cost = time.perf_counter() - started + float(seconds.read_text())
            found.setdefault(name, {})[source] = value, cost
    return found


def judge(tried, scores):
    """Returns the mean tau over the targets; that of a constant score counts as 0."""
    found = []
    for _, own in tried.assign(score=scores).groupby(PAIR[:2]):
        higher = metrics.higher_is_better(own.metric.iloc[0])
        tau = kendall_tau(own.score.to_numpy(), own.value.to_numpy() * (1 if higher else -1))
        found.append(0.0 if np.isnan(tau) else tau)
    return float(np.mean(found))


def compare(kind, tried, models, sizes):
    """Returns the lines of a task type: way, seconds, targets, sources, tau, regret, worst."""
    scored = {}
    for dataset in sorted(set(tried.target)):
        target = Task(dataset, kind)
        own = tried[tried.target == dataset]
        starts = {Task(*names): models[Task(*names)] for names in own[PAIR[2:]].to_numpy()}
        starts[BARE] = models[BARE]
        prepared = prepared_datasets.load_task_dataset(DATA_DIR.value, target)
        ways = score_by_probes(prepared, target, starts, sizes[target])
        ways |= score_by_metrics(prepared, target, starts, sizes[target])
        for way, found in ways.items():
            for source, pair in found.items():
                scored.setdefault(way, {})[dataset, source] = pair
    bare = tried.drop_duplicates("target")
    bare = bare.assign(source=BARE.dataset, source_type="", value=bare.baseline)
    whole = pd.concat([tried, bare], ignore_index=True)
    series, seconds, with_bare = {}, {}, {}
    for way, found in scored.items():
        keys = [(row.target, Task(row.source, row.source_type)) for row in whole.itertuples()]
        values = pd.Series([found.get(key, (np.nan, 0))[0] for key in keys], dtype=float)
        with_bare[way] = judge(whole[values.notna()], values)
        series[way] = values[: len(tried)].set_axis(tried.index)
        seconds[way] = statistics.median(cost for _, cost in found.values())
    series |= source_ranking.score_past_transfers(tried, WITHOUT_MODELS, [])
    table = regret.evaluate_rules(tried, series).set_index("rule")
    print(f"\n{kind}: {tried.target.nunique()} targets, {len(tried)} pairs")
    print(f"{'way':14}{'seconds':>9}{'tau':>8}{'with none':>11}{'regret %':>10}{'worst %':>9}")
    for way, values in series.items():
        if way not in table.index:  # As LEEP, which scores classifiers alone.
            continue
        row = table.loc[way]
        known = tried[values.notna()]
        print(
            f"{way:14}{seconds.get(way, 0.0):9.2f}{judge(known, values):8.2f}"
            f"{with_bare.get(way, np.nan):11.2f}{row.regret_1:10.1f}{row.worst:9.1f}"
        )
    print(f"{'random':14}{0:9.2f}{0:8.2f}{0:11.2f}{table.loc['random'].regret_1:10.1f}")


def main(_):
    """Prints a table for each task type, after the seconds of fine-tuning."""
    rows = RESULTS.value or epath.Path(WORKDIR.value) / "results"
    tried, said, _ = past_transfers.load_past_transfers(rows, SETTING, [])
    print("\n".join(said))
    models, sizes = find_models(WORKDIR.value)
    tasks = [(Task(*pair[:2]), Task(*pair[2:])) for pair in tried[PAIR].to_numpy()]
    tried = tried[[target in sizes and source in models for target, source in tasks]]
    tried = tried.reset_index(drop=True)
    frame = results.load(rows)
    for kind in TYPES.value:
        own = past_transfers.filter_task_types(tried, PAIRS.value, [kind])
        tuned = frame[(frame.target_type == kind) & (frame.setting == SETTING)].wall_seconds
        compare(kind, own, models, sizes)
        print(f"{'fine-tuning':14}{tuned.median():9.2f}")


if __name__ == "__main__":
    app.run(main)
