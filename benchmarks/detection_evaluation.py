"""Compares the time of the metrics of boxes and keypoints with that of pycocotools alone.

  python benchmarks/detection_evaluation.py [--images=2000 --predictions=100 --repeats=5]

The annotation is random: 80 classes, and on average 7 boxes in an image, as in COCO. A third of
the predictions are jittered annotation; the rest is noise. Ours starts from the batches of
arrays that the device returns, and converts them. The peer is pycocotools, run as in its
documentation: `loadRes`, `evaluate`, `accumulate` and `summarize`, from lists of dicts that are
made before its clock starts. The rows:

  map        COCO's mAP of boxes
  ap50       the exact AP50 of VOC, against pycocotools on the same boxes
  both       what detection reports: mAP and AP50
  oks_ap50   AP of 17 keypoints of people, 20 predictions in an image
  link       all that the end of a link computes from 5,000 images (--link_images): metrics, the
             same by class and size, and the objects found in each image (seconds only)

Prints medians, ratios (required: at most 0.05; link: at most 5 s) and the largest difference of
equal metrics. Takes about 4 minutes and 3 GiB.
"""

import contextlib
import gc
import io
import statistics
import time

import numpy as np
from absl import app, flags
from figures import Figure, tell_figures
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from foi_tf.study.registry import DATASETS
from foi_tf.tasks import coco_metrics, detection, voc_metrics
from foi_tf.tasks.objects import Objects

CLASSES, BATCH, SIDE, BOXES, PEOPLE, MARKS = 80, 32, 512, 7, 3, 17
REQUIRED, LINK_SECONDS = 0.05, 5.0
SIGMAS = np.full(MARKS, 0.067)

IMAGES = flags.DEFINE_integer("images", 2000, "Number of validation images.")
LINK_IMAGES = flags.DEFINE_integer("link_images", 5000, "Number of images of the row link.")
PREDICTIONS = flags.DEFINE_integer("predictions", 100, "Predicted boxes of each image.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Timings of each variant.")


def make_batches(rng: np.random.Generator, images: int) -> list[dict[str, np.ndarray]]:
    """Makes batches of statistics, as `Detection.summarize` returns them."""
    batches = []
    for start in range(0, images, BATCH):
        count = min(BATCH, images - start)
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


def gather(batches) -> tuple[Objects, Objects]:
    """Returns annotation and predictions of all batches."""
    columns = {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
    image, place = np.nonzero(columns["truth_labels"] >= 0)
    truth = Objects(
        images=image,
        labels=columns["truth_labels"][image, place],
        boxes=columns["truth_boxes"][image, place],
        crowds=columns["truth_crowds"][image, place] > 0,
    )
    image, place = np.nonzero(columns["scores"] > 0)
    found = Objects(
        images=image,
        labels=columns["labels"][image, place],
        boxes=columns["boxes"][image, place],
        scores=columns["scores"][image, place],
    )
    return truth, found


def make_people(rng: np.random.Generator, images: int) -> tuple[Objects, Objects]:
    """Makes annotated people, and 20 predictions for each image, a third of them near."""
    image = np.repeat(np.arange(images), 1 + rng.poisson(PEOPLE - 1, images))
    corner = rng.uniform(0, 0.7 * SIDE, (len(image), 2))
    sides = rng.uniform(20, 150, corner.shape)
    places = corner[:, None] + rng.uniform(size=(len(image), MARKS, 2)) * sides[:, None]
    seen = rng.integers(0, 3, (len(image), MARKS, 1))
    truth = Objects(
        images=image,
        labels=np.zeros_like(image),
        boxes=np.concatenate([corner, corner + sides], 1).astype(np.float32),
        crowds=rng.uniform(size=len(image)) < 0.01,
        keypoints=np.concatenate([places, seen], -1).astype(np.float32),
        areas=(0.6 * sides.prod(1)).astype(np.float32),
    )
    guess = np.repeat(np.arange(images), coco_metrics.MAX_PEOPLE)
    source = rng.integers(0, len(image), len(guess))
    near = rng.uniform(size=len(guess)) < 1 / 3
    source[near] = np.searchsorted(image, guess[near])
    marks = places[source] + rng.normal(0, 6, (len(guess), MARKS, 2))
    found = Objects(
        images=guess,
        labels=np.zeros_like(guess),
        boxes=truth.boxes[source],
        scores=rng.uniform(size=len(guess)).astype(np.float32),
        keypoints=np.concatenate([marks, np.ones_like(marks[..., :1])], -1).astype(np.float32),
    )
    return truth, found


def time_pycocotools(truth: Objects, found: Objects, kind: str) -> tuple[float, float]:
    """Returns seconds and mAP of boxes, or AP50 of keypoints, of pycocotools."""
    annotation = {
        "images": [{"id": number} for number in range(IMAGES.value)],
        "categories": [{"id": label} for label in range(CLASSES)],
        "annotations": truth.records(),
    }
    wanted = ("image_id", "category_id", "score", kind)
    results = [{name: row[name] for name in wanted} for row in found.records()]
    gc.collect()
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.perf_counter()
        coco = COCO()
        coco.dataset = annotation
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), kind)
        if kind == "keypoints":
            evaluation.params.kpt_oks_sigmas = SIGMAS
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return time.perf_counter() - started, float(evaluation.stats[int(kind == "keypoints")])


def time_call(call) -> tuple[float, float]:
    """Returns seconds and value of a call."""
    gc.collect()
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def compute_both(batches) -> float:
    """Returns mAP as detection computes it, with AP50."""
    accumulator = detection.AveragePrecision(CLASSES)
    for batch in batches:
        accumulator.update(batch)
    return accumulator.result()["map"]


def compute_link(batches) -> float:
    """Computes what the evaluator of a link does beside running the network; returns mAP."""
    task = detection.Detection(DATASETS["coco"])
    accumulator = task.accumulator()
    for batch in batches:
        accumulator.update(batch)
        task.sums(batch)
    task.parts(accumulator)
    return accumulator.result()["map"]


def main(_):
    rng = np.random.default_rng(0)
    batches, link = make_batches(rng, IMAGES.value), make_batches(rng, LINK_IMAGES.value)
    truth, people = gather(batches), make_people(rng, IMAGES.value)
    runs = {
        "peer boxes": lambda: time_pycocotools(*truth, "bbox"),
        "peer people": lambda: time_pycocotools(*people, "keypoints"),
        "map": lambda: time_call(
            lambda: coco_metrics.compute_box_map(*gather(batches), IMAGES.value, CLASSES)
        ),
        "ap50": lambda: time_call(lambda: voc_metrics.compute_voc_ap50(*gather(batches), CLASSES)),
        "both": lambda: time_call(lambda: compute_both(batches)),
        "oks_ap50": lambda: time_call(
            lambda: coco_metrics.compute_oks_ap50(*people, IMAGES.value, SIGMAS)
        ),
        "link": lambda: time_call(lambda: compute_link(link)),
    }
    measured = {name: [] for name in runs}
    for _ in range(REPEATS.value):
        for name, run in runs.items():
            measured[name].append(run())
    seconds = {name: statistics.median(s for s, _ in pairs) for name, pairs in measured.items()}
    peers = dict.fromkeys(("map", "ap50", "both"), "peer boxes") | {"oks_ap50": "peer people"}
    for name, median in seconds.items():
        text = f"{name:12} {median:7.2f} s"
        if name in peers:
            text += f"  ratio {median / seconds[peers[name]]:.3f} (at most {REQUIRED})"
        elif name == "link":
            text += f"  of {LINK_IMAGES.value} images (at most {LINK_SECONDS} s)"
        print(text)
    images = f"of {IMAGES.value} images with {PREDICTIONS.value} predictions each"
    texts = {
        "both": f"COCO's mAP and VOC's AP50 {images}, against pycocotools",
        "oks_ap50": f"AP of 17 keypoints of {IMAGES.value} images, against pycocotools",
    }
    tell_figures(
        *(
            Figure(
                what=text,
                unit="s",
                ours=seconds[name],
                peer=seconds[peers[name]],
                at_most=REQUIRED,
            )
            for name, text in texts.items()
        ),
        Figure(
            what=f"evaluation of {LINK_IMAGES.value} images at the end of a link",
            unit="s",
            ours=seconds["link"],
            peer=LINK_SECONDS,
            at_most=1,
        ),
    )
    values = {name: pairs[0][1] for name, pairs in measured.items()}
    for name in ("map", "both", "oks_ap50"):
        difference = abs(values[name] - values[peers[name]])
        print(f"{name:12} {values[name]:.4f}, differs from pycocotools by {difference:.1e}")


if __name__ == "__main__":
    app.run(main)
