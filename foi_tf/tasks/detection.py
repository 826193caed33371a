"""Detects objects (section 4.2, Appendix A.3) by CenterNet of Zhou et al."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import DetectionHead
from foi_tf.study import metrics
from foi_tf.study.dataset import Dataset
from foi_tf.study.image_statistics import MetricParts
from foi_tf.tasks import centernet, coco_metrics, feature_cells, image_matches, voc_metrics
from foi_tf.tasks.base import Sums, TaskType, class_names, compute_mean_shares
from foi_tf.tasks.objects import Objects, count_by_size

# Evaluation counts at most so many annotated boxes of an image, the largest ones. Ours: no image
# of the paper's datasets has as many, and at most `centernet.MAX_PREDICTIONS` can be found.
MAX_TRUTH = 512


class Detection(TaskType):
    """Predicts boxes with classes.

    Crowds are neither objects nor background in training; VOC's difficult objects share the
    schema's field with them and count as crowds. Evaluation uses whole images at the single
    scale of section 4.1, but compares with the annotated boxes in the image's own pixels.
    """

    terms = tuple(centernet.WEIGHTS)
    around_objects = True
    prediction_text = '"boxes" [B, n, 4] (ymin, xmin, ymax, xmax), "scores", "labels" [B, n]'
    cell_dtype = np.int64

    def __init__(self, dataset: Dataset):
        self.classes = dataset.classes["detection"]
        self._names = class_names(dataset, "detection")
        self.metric = dataset.box_metric
        self._nms = dataset.box_nms

    def head(self) -> DetectionHead:
        """Creates a head of a neck and three maps (Figure A.4a)."""
        return DetectionHead(self.classes)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns the targets of `centernet.encode_boxes`, and the annotation for evaluation.

        The annotation is in image pixels: "truth_boxes" float32 [T, 4], "truth_labels" int32
        [T] (-1 where there are no more boxes) and "truth_crowds" int32 [T], with T =
        `MAX_TRUTH`. "scale" float32 [2] is in input pixels per image pixel.
        """
        crowd = example["box_crowds"]
        boxes = tf.boolean_mask(example["boxes"], ~crowd)
        labels = tf.boolean_mask(example["box_labels"], ~crowd)
        kept = centernet.find_largest(boxes, centernet.MAX_OBJECTS)
        targets = centernet.encode_boxes(
            tf.gather(boxes, kept),
            tf.gather(labels, kept),
            tf.boolean_mask(example["boxes"], crowd),
            example["image"].shape[:2],
            self.classes,
        )
        truth = example["original"]
        kept = centernet.find_largest(truth["boxes"], MAX_TRUTH)
        truth_labels = tf.cast(tf.gather(truth["box_labels"], kept), tf.int32)
        truth_crowds = tf.cast(tf.gather(truth["box_crowds"], kept), tf.int32)
        return targets | {
            "scale": example["scale"],
            "truth_boxes": centernet.pad_rows(tf.gather(truth["boxes"], kept), MAX_TRUTH),
            "truth_labels": centernet.pad_rows(truth_labels, MAX_TRUTH, -1),
            "truth_crowds": centernet.pad_rows(truth_crowds, MAX_TRUTH),
        }

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes L1 to L3 of Appendix A.3, weighted."""
        parts = centernet.sum_box_losses(outputs, targets)
        return compute_mean_shares(parts, centernet.WEIGHTS)

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"boxes" float32 [B, n, 4], "scores" float32 [B, n], "labels" int32 [B, n]}.

        Boxes are in input pixels. A score of 0 marks an empty row; n is 100.
        """
        found = centernet.decode_boxes(outputs)
        boxes, scores, labels = found["boxes"], found["scores"], found["labels"]
        if self._nms is not None:
            scores *= tf.cast(find_unsuppressed(boxes, labels, self._nms), tf.float32)
        return {"boxes": boxes, "scores": scores, "labels": labels}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Returns predictions and annotation, both in image pixels; one row for each image."""
        truth = {n: value for n, value in targets.items() if n.startswith("truth_")}
        return centernet.to_image_pixels(predictions, targets["scale"]) | truth

    def sums(self, statistics) -> Sums:
        """Returns the objects that were found and all objects, see `image_matches`."""
        counts = []
        for place, scores in enumerate(statistics["scores"]):
            labels = statistics["truth_labels"][place]
            # There are few objects beside the places that are left empty.
            present = labels >= 0
            crowds = statistics["truth_crowds"][place][present] > 0
            similarity = image_matches.box_similarity(
                statistics["boxes"][place], statistics["truth_boxes"][place][present]
            )
            truth = np.where(crowds, -1, labels[present])
            found = statistics["labels"][place]
            counts.append(image_matches.count_found(scores, found, truth, similarity, self.classes))
        found, total = zip(*counts, strict=True)
        return np.stack(found), np.stack(total)

    def parts(self, accumulator) -> MetricParts | None:
        """Returns the average precision of each class and size."""
        return accumulator.parts(self.metric, self._names)

    def accumulator(self) -> "AveragePrecision":
        """Creates an accumulator of the average precision of boxes."""
        return AveragePrecision(self.classes)

    def to_image_pixels(self, predictions, scale) -> dict[str, tf.Tensor]:
        """Converts boxes from input pixels to image pixels."""
        return centernet.to_image_pixels(predictions, scale)

    def cell_labels(self, example, crop) -> tf.Tensor:
        """Returns the class of the box whose center is in the cell; NaN in all other cells.

        Crowds are left out. Where several centers share a cell, the last one counts.
        """
        single = ~example["box_crowds"]
        labels = tf.boolean_mask(example["box_labels"], single)
        boxes = tf.boolean_mask(example["boxes"], single)
        return feature_cells.scatter_points(centernet.find_box_centers(boxes), labels, crop)

    def cell_geometry(self, example, crop) -> tf.Tensor:
        """Returns the logarithms of height and width in cells of the same box."""
        boxes = tf.boolean_mask(example["boxes"], ~example["box_crowds"])
        numbers = centernet.log_box_sizes(boxes)
        return feature_cells.scatter_points(centernet.find_box_centers(boxes), numbers, crop)


class AveragePrecision:
    """Computes COCO's mAP, and Pascal VOC's AP at an IoU of 0.5 (Appendix C)."""

    def __init__(self, classes: int):
        self.classes = classes
        self._found: list[Objects] = []
        self._truth: list[Objects] = []
        self._images = 0

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds the statistics of some images, as `Detection.summarize` returns them."""
        scores, truth_labels = statistics["scores"], statistics["truth_labels"]
        image, place = np.nonzero(scores > 0)
        found = Objects(
            images=self._images + image,
            labels=statistics["labels"][image, place],
            boxes=statistics["boxes"][image, place],
            scores=scores[image, place],
        )
        image, place = np.nonzero(truth_labels >= 0)
        truth = Objects(
            images=self._images + image,
            labels=truth_labels[image, place],
            boxes=statistics["truth_boxes"][image, place],
            crowds=statistics["truth_crowds"][image, place] > 0,
        )
        self._found.append(found)
        self._truth.append(truth)
        self._images += len(scores)

    def parts(self, metric: str, names: np.ndarray) -> MetricParts | None:
        """Returns "map" or "ap50" by class and size; None without images."""
        if not self._images:
            return None
        found = Objects.concatenate(self._found)
        truth = Objects.concatenate(self._truth)
        by_class, by_size = (
            coco_metrics.compute_box_map_parts(truth, found, self._images, self.classes)
            if metric == "map"
            else voc_metrics.compute_voc_ap50_parts(truth, found, self.classes)
        )
        pairs = np.unique(truth.labels.astype(np.int64) * self._images + truth.images)
        images = np.bincount(pairs // self._images, minlength=self.classes)
        return MetricParts(
            class_names=names,
            class_values=by_class,
            class_images=images,
            size_values=by_size,
            size_objects=count_by_size(truth),
        )

    def result(self) -> dict[str, float]:
        """Returns {"map", "ap50"} in [0, 1]; NaN if nothing is annotated.

        The constant prediction is no box.
        """
        if not self._images:
            return {"map": float("nan"), "ap50": float("nan")}
        found = Objects.concatenate(self._found)
        truth = Objects.concatenate(self._truth)
        return {
            "map": coco_metrics.compute_box_map(truth, found, self._images, self.classes),
            "ap50": voc_metrics.compute_voc_ap50(truth, found, self.classes),
        } | metrics.name_constants({"map": 0.0, "ap50": 0.0})


def find_unsuppressed(boxes: tf.Tensor, labels: tf.Tensor, threshold: float) -> tf.Tensor:
    """Finds the boxes that greedy non-maximum suppression within classes keeps.

    Args:
      boxes: float32 [B, n, 4], best first.
      labels: int32 [B, n].
      threshold: a box is removed if its IoU with a better box that stays is above this value.

    Returns:
      bool [B, n], True for boxes that stay.
    """
    same = labels[:, :, None] == labels[:, None, :]
    rivals = same & (_iou(boxes[:, :, None], boxes[:, None]) > threshold)
    count = boxes.shape[1]

    def judge(place, stays):
        # Boxes after `place` have not been judged, but cannot suppress it either.
        better = tf.range(count) < place
        beaten = tf.reduce_any(tf.gather(rivals, place, axis=1) & stays & better, 1)
        return place + 1, stays & ~(beaten[:, None] & (tf.range(count) == place))

    start = (tf.constant(0), tf.ones_like(labels, tf.bool))
    return tf.while_loop(lambda place, _: place < count, judge, start)[1]


def _iou(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Computes the IoU of boxes [..., 4] pair by pair."""
    sides = tf.minimum(first[..., 2:], second[..., 2:]) - tf.maximum(
        first[..., :2], second[..., :2]
    )
    common = tf.reduce_prod(tf.maximum(sides, 0.0), -1)
    areas = [tf.reduce_prod(tf.maximum(b[..., 2:] - b[..., :2], 0.0), -1) for b in (first, second)]
    return tf.math.divide_no_nan(common, areas[0] + areas[1] - common)
