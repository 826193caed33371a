"""Compares the time of detection's metrics with that of pycocotools alone.

  python benchmarks/detection_evaluation.py [--images=5000 --predictions=100 --repeats=3]

The annotation is random: 80 classes, and on average 7 boxes in an image, as in COCO. A third of
the predictions are jittered annotation; the rest is noise. Ours starts from the batches of
arrays that the device returns, converts them, and computes COCO's mAP ("map"), or that and the
exact AP50 of VOC ("both"). The peer is pycocotools, run as in its documentation: `loadRes`,
`evaluate`, `accumulate` and `summarize`, from lists of dicts that are made before its clock
starts. Prints medians, ratios (required: at most 1.1 for both) and the largest difference of
the mAPs. Takes about 5 minutes and 4 GiB.
"""

import contextlib
import gc
import io
import statistics
import time

import numpy as np
from absl import app, flags
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from foi_tf.tasks import coco_metrics, detection

CLASSES, BATCH, SIDE, BOXES, REQUIRED = 80, 32, 512, 7, 1.1

IMAGES = flags.DEFINE_integer("images", 5000, "Number of validation images.")
PREDICTIONS = flags.DEFINE_integer("predictions", 100, "Predicted boxes of each image.")
REPEATS = flags.DEFINE_integer("repeats", 3, "Timings of each variant.")


def make_batches(rng: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Makes batches of statistics, as `Detection.summarize` returns them."""
    batches = []
    for start in range(0, IMAGES.value, BATCH):
        count = min(BATCH, IMAGES.value - start)
        corner = rng.uniform(0, 0.8 * SIDE, (count, detection.MAX_TRUTH, 2))
        truth = np.concatenate([corner, corner + rng.uniform(8, 200, corner.shape)], -1)
        labels = rng.integers(0, CLASSES, truth.shape[:2])
        boxes = rng.poisson(BOXES, count)
        labels[np.arange(detection.MAX_TRUTH) >= boxes[:, None]] = -1
        # Most predictions belong to padding, hence to no object.
        near = rng.integers(0, 3 * BOXES, (count, PREDICTIONS.value))
        found = np.take_along_axis(truth, near[..., None], 1)
        found = found + rng.normal(0, 6, found.shape)
        guesses = np.take_along_axis(labels, near, 1)
        spare = rng.integers(0, CLASSES, guesses.shape)
        batches.append(
            {
                "boxes": found.astype(np.float32),
                "labels": np.where(guesses < 0, spare, guesses).astype(np.int32),
                "scores": -np.sort(-rng.uniform(size=near.shape)).astype(np.float32),
                "truth_boxes": truth.astype(np.float32),
                "truth_labels": labels.astype(np.int32),
                "truth_crowds": (rng.uniform(size=labels.shape) < 0.01).astype(np.int32),
            }
        )
    return batches


def gather(batches) -> tuple[coco_metrics.Objects, coco_metrics.Objects]:
    """Returns annotation and predictions of all batches."""
    columns = {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
    image, place = np.nonzero(columns["truth_labels"] >= 0)
    truth = coco_metrics.Objects(
        images=image,
        labels=columns["truth_labels"][image, place],
        boxes=columns["truth_boxes"][image, place],
        crowds=columns["truth_crowds"][image, place] > 0,
    )
    image, place = np.nonzero(columns["scores"] > 0)
    found = coco_metrics.Objects(
        images=image,
        labels=columns["labels"][image, place],
        boxes=columns["boxes"][image, place],
        scores=columns["scores"][image, place],
    )
    return truth, found


def time_pycocotools(batches) -> tuple[float, float]:
    """Returns seconds and mAP of pycocotools."""
    truth, found = gather(batches)
    annotation = {
        "images": [{"id": number} for number in range(IMAGES.value)],
        "categories": [{"id": label} for label in range(CLASSES)],
        "annotations": truth.records(),
    }
    wanted = ("image_id", "category_id", "bbox", "score")
    results = [{name: row[name] for name in wanted} for row in found.records()]
    del truth, found
    gc.collect()
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.perf_counter()
        coco = COCO()
        coco.dataset = annotation
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return time.perf_counter() - started, float(evaluation.stats[0])


def time_ours(batches, both: bool) -> tuple[float, float]:
    """Returns seconds and mAP of our code; `both` computes AP50, too."""
    gc.collect()
    started = time.perf_counter()
    if both:
        accumulator = detection.AveragePrecision(CLASSES)
        for batch in batches:
            accumulator.update(batch)
        value = accumulator.result()["map"]
    else:
        truth, found = gather(batches)
        value = coco_metrics.compute_box_map(truth, found, IMAGES.value, CLASSES)
    return time.perf_counter() - started, value


def main(_):
    batches = make_batches(np.random.default_rng(0))
    runs = {
        "pycocotools": lambda: time_pycocotools(batches),
        "map": lambda: time_ours(batches, False),
        "both": lambda: time_ours(batches, True),
    }
    found = {name: [] for name in runs}
    for _ in range(REPEATS.value):
        for name, run in runs.items():
            found[name].append(run())
    seconds = {name: statistics.median(s for s, _ in pairs) for name, pairs in found.items()}
    for name, median in seconds.items():
        ratio = median / seconds["pycocotools"]
        print(f"{name:12} {median:6.1f} s  ratio {ratio:.2f} (at most {REQUIRED})")
    values = [pairs[0][1] for pairs in found.values()]
    print(f"mAP {values[0]:.4f}, largest difference {max(values) - min(values):.1e}")


if __name__ == "__main__":
    app.run(main)
