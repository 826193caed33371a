"""Computes what rules for sources go by in the study from ImageNet weights.

  FOI_REAL_DATA=DIR python -m studies.imagenet_scores --work=WORK [--rows=ROWS] [--task_types=A,B]

WORK is that of `studies.imagenet_runs`, with source models of a seed. Distances between all sets
are of their images as ImageNet weights see them. Source models are asked about the targets that
start from them in the study: by transferability metrics of cells of the images, and by probes. Of
a source, the model of the lowest seed is taken. Distances and scores are written to
ROWS, beside the rows of the study, as distances.csv and scores_TYPE.csv; by default that is
studies/imagenet. Features and probes are kept in WORK, so a stopped call goes on by the same
command.
"""

import argparse
import os
import pathlib
from collections.abc import Mapping, Sequence

from foi_tf import files
from foi_tf.analysis.report import domain_report
from foi_tf.chains import links
from foi_tf.chains.links import Link
from foi_tf.study import feature_files
from foi_tf.study.choices import PROBE, PROBE_LOSS
from foi_tf.study.dataset import DEPTH, DETECTION, KEYPOINTS, SEGMENTATION, Task
from studies import real_sets
from studies.imagenet_parts import PARTS, STEPS, STUDY, list_sources
from studies.imagenet_rows import KEPT, KeptRows
from studies.imagenet_runs import BACKBONE, WEIGHTS
from studies.programs import run

# Metrics that take the annotation of a task type. LEEP takes classes of the source, too. NLEEP
# takes 5 s a pair. One set of boxes has a single class, so those of boxes take their geometry, too.
METRICS = {
    SEGMENTATION: ("leep", "nleep", "logme", "hscore", "gbc"),
    DEPTH: ("logme", "energy"),
    KEYPOINTS: ("nleep", "logme", "hscore", "gbc", "energy"),
    DETECTION: ("glogme", "etran"),
}
# Sources of segmentation are many. The other targets have one to five of their own task type.
PAIRS = {kind: "within_type" if kind == SEGMENTATION else "all" for kind in STEPS}
SIZE = "--size=96x96"  # The input of the study.


def find_models(workdir: pathlib.Path, tasks: Sequence[Task]) -> dict[Task, pathlib.Path]:
    """Finds the source model of the lowest seed of each task that has one."""
    found = {}
    for task in tasks:
        begun = links.load_begun(workdir, task)
        if models := links.find_finished(workdir, task, _is_source_model):
            found[task] = pathlib.Path(min(models, key=lambda directory: begun[directory].seed))
    return found


def list_asked(kind: str) -> dict[Task, list[Task]]:
    """Lists the sources of each target of a task type whose models are asked about it."""
    found = {}
    for target, starts in PARTS[STUDY].starts.items():
        if Task.parse(target).type == kind:
            sources = [Task.parse(start) for start in starts if ":" in start]
            alike = PAIRS[kind] == "within_type"
            found[Task.parse(target)] = [x for x in sources if x.type == kind or not alike]
    return found


def find_path(kind: str, kept: KeptRows = KEPT) -> pathlib.Path:
    """Returns the path of the kept scores of the targets of a task type."""
    return kept.directory / f"scores_{kind}.csv"


def _is_source_model(link: Link) -> bool:
    """Tells whether a link is trained from ImageNet weights on all images."""
    return bool(link.parent) and link.images == (None,)


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="Working directory.")
    parser.add_argument("--rows", type=pathlib.Path, default=KEPT.directory, help="Kept rows.")
    parser.add_argument("--task_types", default=",".join(STEPS), help="Types of the targets.")
    given = parser.parse_args()
    work, data_dir, kept = given.work, given.work / "data", KeptRows(given.rows)
    real_sets.prepare(pathlib.Path(os.environ["FOI_REAL_DATA"]), data_dir)
    shared = [f"--data_dir={data_dir}", f"--backbone={BACKBONE}", SIZE]
    _write_distances(work, shared, kept)
    models = find_models(work / STUDY, list_sources(PARTS[STUDY].starts))
    for kind in given.task_types.split(","):
        _write_scores(kind, models, work, shared, kept)


def _write_distances(work: pathlib.Path, shared: Sequence[str], kept: KeptRows) -> None:
    """Writes the distances between all sets."""
    names = ",".join(own.name for own in real_sets.REAL_SETS)
    plain = work / "features.npz"
    run("foi-features", *shared, f"--dataset={names}", f"--init={WEIGHTS}", "--images=500",
        f"--out={plain}")  # fmt: skip
    domain_report.write_distances(feature_files.load_features(plain), work / "appearance")
    table = (work / "appearance" / "distances.csv").read_text()
    files.write_text(kept.directory / "distances.csv", table)


def _write_scores(
    kind: str,
    models: Mapping[Task, pathlib.Path],
    work: pathlib.Path,
    shared: Sequence[str],
    kept: KeptRows,
) -> None:
    """Writes the scores of all pairs whose target has a task type, and whose source a model."""
    asked = list_asked(kind)
    points, probes = work / "points" / kind, work / "probes" / kind
    for source, model in models.items():
        targets = ",".join(str(target) for target, sources in asked.items() if source in sources)
        if targets:
            run("foi-features", *shared, f"--dataset={targets}", f"--init={model}",
                "--pixels=50", "--images=150", f"--out={points / model.name}.npz")  # fmt: skip
    for target, sources in asked.items():
        inits = ",".join(str(models[source]) for source in sources if source in models)
        run("foi-probe", *shared, f"--dataset={target}", f"--init={inits}", f"--out={probes}")
    run("foi-recommend", "--evaluate", f"--results={kept.find_path(STUDY)}",
        f"--features={points}", f"--probes={probes}",
        f"--by={','.join([*METRICS[kind], PROBE, PROBE_LOSS])}", f"--pairs={PAIRS[kind]}",
        f"--target_types={kind}", f"--keep_scores={find_path(kind, kept)}")  # fmt: skip


if __name__ == "__main__":
    main()
