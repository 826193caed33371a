"""Computes precision at COCO's recalls, by hotcoco or by pycocotools.

Both give the same numbers to the last digit, and hotcoco takes a fiftieth of the time.
pycocotools computes them where hotcoco has no wheel. Everything stays in memory.
"""

import contextlib
import io
from collections.abc import Sequence

import numpy as np

from foi_tf.tasks.objects import Objects

try:
    import hotcoco
except ImportError:
    hotcoco = None  # type: ignore[assignment]


def compute_precision(
    truth: Objects,
    found: Objects,
    images: int,
    classes: int,
    areas: Sequence[tuple[float, float]],
    limit: int,
    sigmas: Sequence[float] | None = None,
) -> np.ndarray:
    """Computes the precision of boxes, or of keypoints by their object keypoint similarity.

    Args:
      truth: the annotated objects.
      found: the predicted objects.
      images: the number of images.
      classes: the number of classes.
      areas: ranges of objects in square pixels; both ends belong to a range.
      limit: the predictions that count in an image, of each class.
      sigmas: COCO's deviation of each keypoint. None compares boxes, at the thresholds 0.5,
        0.55 ... 0.95. Keypoints are compared at 0.5.

    Returns:
      float64 [thresholds, 101 recalls, classes, areas], -1 for no objects.
    """
    compute = _by_pycocotools if hotcoco is None else _by_hotcoco
    return compute(truth, found, images, classes, areas, limit, sigmas)[..., 0]


def _by_hotcoco(truth, found, images, classes, areas, limit, sigmas) -> np.ndarray:
    """Computes `compute_precision` with an axis for the limit."""
    if sigmas is None:
        annotation, results = _index_boxes(truth, found, images, classes)
    else:
        annotation, results = (
            hotcoco.COCO(_dataset(each.records(), images, classes)) for each in (truth, found)
        )
    evaluation = hotcoco.COCOeval(annotation, results, "bbox" if sigmas is None else "keypoints")
    _set_parameters(evaluation.params, areas, limit, sigmas)
    evaluation.evaluate()
    evaluation.accumulate()
    found_precision = evaluation.eval
    assert found_precision is not None  # `accumulate` sets it.
    return found_precision["precision"]


def _index_boxes(truth, found, images, classes):
    """Hands boxes to hotcoco as arrays, which spares a dict for each box."""
    columns = truth.columns()
    annotation = hotcoco.COCO.from_arrays(
        **_dataset(None, images, classes),
        image_ids=columns["image_id"],
        category_ids=columns["category_id"],
        boxes=columns["bbox"],
        area=columns["area"],
        iscrowd=columns["iscrowd"],
    )
    columns = found.columns()
    order = ("image_id", "bbox", "score", "category_id")
    return annotation, annotation.loadRes(np.column_stack([columns[name] for name in order]))


def _by_pycocotools(truth, found, images, classes, areas, limit, sigmas) -> np.ndarray:
    """Computes `compute_precision` with an axis for the limit."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    indices = []
    # pycocotools prints to stdout, which is for machines.
    with contextlib.redirect_stdout(io.StringIO()):
        for objects in (truth, found):
            index = COCO()
            index.dataset = _dataset(objects.records(), images, classes)
            index.createIndex()
            indices.append(index)
        evaluation = COCOeval(*indices, "bbox" if sigmas is None else "keypoints")
        _set_parameters(evaluation.params, areas, limit, sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"]


def _dataset(records: list[dict] | None, images: int, classes: int) -> dict[str, list]:
    """Makes a dataset in COCO's format."""
    dataset: dict[str, list] = {
        "images": [{"id": number} for number in range(images)],
        "categories": [{"id": label, "name": str(label)} for label in range(classes)],
    }
    return dataset if records is None else dataset | {"annotations": records}


def _set_parameters(parameters, areas, limit: int, sigmas) -> None:
    """Sets what both libraries call the same."""
    parameters.areaRng = [list(area) for area in areas]
    parameters.areaRngLbl = [str(place) for place in range(len(areas))]
    parameters.maxDets = [limit]
    if sigmas is not None:
        parameters.iouThrs = np.asarray([0.5])
        parameters.kpt_oks_sigmas = np.asarray(sigmas, np.float64)
