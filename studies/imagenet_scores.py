"""Computes what rules for sources go by in the study from ImageNet weights: distances and scores.

  FOI_REAL_DATA=DIR python -m studies.imagenet_scores --work=WORK

WORK is that of `studies.imagenet_runs`, with the source models of segmentation of a seed.
Distances between all sets are of their images as ImageNet weights see them. Transferability
metrics are of the source models of the lowest seed, as they see cells of their targets. Both are
written to studies/imagenet/, as distances.csv and scores.csv.
"""

import argparse
import os
import pathlib

from foi_tf import files
from foi_tf.analysis.report import domain_report
from foi_tf.chains import links
from foi_tf.chains.links import Link
from foi_tf.study import feature_files
from foi_tf.study.dataset import SEGMENTATION, Task
from studies import real_sets
from studies.imagenet_parts import PARTS, STUDY
from studies.imagenet_runs import BACKBONE, KEPT, WEIGHTS
from studies.programs import run

METRICS = ("leep", "nleep", "logme", "hscore", "gbc")  # NLEEP takes 5 s a pair.
SIZE = "--size=96x96"  # The input of the study.


def find_models(workdir: pathlib.Path, tasks: list[Task]) -> list[pathlib.Path]:
    """Finds the source model of the lowest seed of each task that has one."""
    found = []
    for task in tasks:
        begun = links.load_begun(workdir, task)
        if models := links.find_finished(workdir, task, _is_source_model):
            found.append(min(models, key=lambda directory: begun[directory].seed))
    return [pathlib.Path(directory) for directory in found]


def _is_source_model(link: Link) -> bool:
    """Tells whether a link is trained from ImageNet weights on all images."""
    return bool(link.parent) and link.images == (None,)


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="Working directory.")
    work = parser.parse_args().work
    data_dir = work / "data"
    real_sets.prepare(pathlib.Path(os.environ["FOI_REAL_DATA"]), data_dir)
    shared = [f"--data_dir={data_dir}", f"--backbone={BACKBONE}", SIZE]

    names = ",".join(own.name for own in real_sets.REAL_SETS)
    plain = work / "features.npz"
    run("foi-features", *shared, f"--dataset={names}", f"--init={WEIGHTS}", "--images=500",
        f"--out={plain}")  # fmt: skip
    domain_report.write_distances(feature_files.load_features(plain), work / "appearance")
    table = (work / "appearance" / "distances.csv").read_text()
    files.write_text(KEPT / "distances.csv", table)

    targets = [task for task in map(Task.parse, PARTS[STUDY].starts) if task.type == SEGMENTATION]
    for model in find_models(work / STUDY, targets):
        run("foi-features", *shared, f"--dataset={','.join(map(str, targets))}", f"--init={model}",
            "--pixels=50", "--images=150", f"--out={work / 'points' / model.name}.npz")  # fmt: skip
    run("foi-recommend", "--evaluate", f"--results={KEPT / 'results.csv'}",
        f"--features={work / 'points'}", f"--by={','.join(METRICS)}", "--pairs=within_type",
        f"--target_types={SEGMENTATION}", f"--keep_scores={KEPT / 'scores.csv'}")  # fmt: skip


if __name__ == "__main__":
    main()
