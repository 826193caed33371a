"""Measures OKS AP50 of trained networks with and without a limit on the distance of keypoints.

  python benchmarks/keypoint_limit.py --raw_dir=DIR --targets=faces,bees --out=OUT

DIR has a folder of each target, of the format `coco`; without it, targets are of the rendered
collection. Each target is trained from random weights with each of the seeds. Then the same
outputs on the validation images are decoded with several values of
`foi_tf.tasks.keypoints.MAX_DISTANCE`. Prints a line for each target and seed: AP50 by value, and
the share of keypoints that the present value moves to the place that the displacement points to.
Finished runs in OUT are not trained again.
"""

import pathlib
import tempfile

import numpy as np
from absl import app, flags

import foi_tf as foi
from foi_tf.chains import link_inputs, links
from foi_tf.chains.train_session import TrainSession
from foi_tf.data.records import prepared_datasets
from foi_tf.models import transfer
from foi_tf.tasks import keypoints
from foi_tf.training import strategies

RAW_DIR = flags.DEFINE_string("raw_dir", "", "Folder of the targets' folders.")
TARGETS = flags.DEFINE_list("targets", ["coco", "mpii", "dogs"], "Names of the targets.")
OUT = flags.DEFINE_string("out", "", "Folder for data and links; empty takes a temporary one.")
IMAGES = flags.DEFINE_integer("images", None, "Images of each split; all by default.")
SEEDS = flags.DEFINE_integer("seeds", 3, "Number of seeds.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 600, "Training steps.", lower_bound=1)
SIZE = flags.DEFINE_integer("size", 128, "Side of the input in pixels.", lower_bound=32)
BACKBONE = flags.DEFINE_string("backbone", "hrnet_mini", "Network to train.")
PRESENT = keypoints.MAX_DISTANCE
LIMITS = (0.1, PRESENT, float("inf"))


def prepare(name: str, data_dir: pathlib.Path) -> str:
    """Prepares a target; returns its task."""
    if RAW_DIR.value:
        one = foi.prepare(
            pathlib.Path(RAW_DIR.value) / name,
            data_dir=data_dir,
            format="coco",
            domain="consumer",  # Is of no consequence here.
            name=f"{name}_own",  # Names of the paper's datasets are taken.
            images=IMAGES.value,
        )
    else:
        one = foi.prepare(dataset=name, collection="mini", data_dir=data_dir, images=IMAGES.value)
    return f"{one.dataset.id}:keypoints"


def train(task: str, seed: int, out: pathlib.Path) -> foi.Run:
    """Trains a target from random weights."""
    return foi.target(
        task,
        source="scratch",
        setting="full",
        data_dir=out / "data",
        workdir=out / "work",
        config="real_study",
        overrides={
            "keypoints.crop": [SIZE.value, SIZE.value],
            "keypoints.schedule.steps": STEPS.value,
        },
        backbone=BACKBONE.value,
        seed=seed,
        strategy="cpu",
    )


def measure(run: foi.Run, data_dir: pathlib.Path) -> tuple[list[float], float]:
    """Returns AP50 by limit, and the share of keypoints that the present limit moves."""
    link = links.load_finished(run.directory).link
    prepared = prepared_datasets.load_task_dataset(data_dir, link.task)
    session = TrainSession(link, [prepared], strategies.create_strategy("cpu"))
    transfer.load_network(session.network, links.weights_path(run.directory))
    (task,), (model,) = session.tasks.values(), session.network.models.values()
    source = link_inputs.make_evaluation_input(link, 0, prepared, task)
    accumulators = [task.accumulator() for _ in LIMITS]
    moved, shown = 0, 0
    for batch in link_inputs.distribute_evaluation_batches(source, link, session.strategy):
        outputs = model(batch["image"], training=False)
        valid = batch["place"].numpy() >= 0
        places = []
        for limit, accumulator in zip(LIMITS, accumulators, strict=True):
            keypoints.MAX_DISTANCE = limit
            found = task.summarize(task.decode(outputs), batch["targets"])
            statistics = {name: value.numpy()[valid] for name, value in found.items()}
            accumulator.update(statistics)
            places.append(statistics["keypoints"][statistics["scores"] > keypoints.MIN_SCORE])
        differ = np.any(places[LIMITS.index(PRESENT)] != places[-1], -1)
        moved, shown = moved + differ.sum(), shown + differ.size
    keypoints.MAX_DISTANCE = PRESENT
    return [each.result()["oks_ap50"] for each in accumulators], moved / max(shown, 1)


def main(_):
    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(OUT.value or temporary)
        print(f"{'target':24} seed", *(f"{limit:>6g}" for limit in LIMITS), " moved")
        for name in TARGETS.value:
            task = prepare(name, out / "data")
            for seed in range(SEEDS.value):
                precision, moved = measure(train(task, seed, out), out / "data")
                columns = " ".join(f"{value:6.3f}" for value in precision)
                print(f"{task:24} {seed:4} {columns} {moved:6.1%}", flush=True)


if __name__ == "__main__":
    app.run(main)
