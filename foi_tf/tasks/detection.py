"""Object detection (section 4.2, Appendix A.3): CenterNet of Zhou et al."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from foi_tf.models.heads import DetectionHead
from foi_tf.study.dataset import Dataset
from foi_tf.tasks import centernet, coco_metrics

# Annotated boxes of an image that evaluation takes account of: the largest. Ours; no image
# of the paper's datasets has as many, and no more than `centernet.TOP` can be found.
MAX_TRUTH = 512


class Detection:
    """Boxes with classes.

    Crowds, and VOC's difficult objects, which share the schema's field with them, are
    neither objects nor background in training. Evaluation is on whole images at the one
    scale of section 4.1, but against the boxes as annotated, in the image's own pixels.
    """

    terms = centernet.TERMS
    around_objects = True
    views = 1

    def __init__(self, dataset: Dataset):
        self.classes = dataset.classes["detection"]
        self.metric = dataset.box_metric
        self._nms = dataset.box_nms

    def head(self) -> DetectionHead:
        """A neck and three maps (Figure A.4a)."""
        return DetectionHead(self.classes)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """-> targets of `centernet.encode`, and for evaluation the annotation in image pixels.

        That is "scale" float32 [2], input pixels per image pixel; "truth_boxes" float32
        [T, 4], "truth_labels" int32 [T] (-1 where there are no more boxes) and
        "truth_crowds" int32 [T], with T = `MAX_TRUTH`.
        """
        crowd = example["box_crowds"]
        boxes = tf.boolean_mask(example["boxes"], ~crowd)
        labels = tf.boolean_mask(example["box_labels"], ~crowd)
        kept = centernet.largest(boxes, centernet.MAX_OBJECTS)
        targets = centernet.encode(
            tf.gather(boxes, kept),
            tf.gather(labels, kept),
            tf.boolean_mask(example["boxes"], crowd),
            example["image"].shape[:2],
            self.classes,
        )
        truth = example["original"]
        kept = centernet.largest(truth["boxes"], MAX_TRUTH)
        truth_labels = tf.cast(tf.gather(truth["box_labels"], kept), tf.int32)
        truth_crowds = tf.cast(tf.gather(truth["box_crowds"], kept), tf.int32)
        return targets | {
            "scale": example["scale"],
            "truth_boxes": centernet.pad(tf.gather(truth["boxes"], kept), MAX_TRUTH),
            "truth_labels": centernet.pad(truth_labels, MAX_TRUTH, -1),
            "truth_crowds": centernet.pad(truth_crowds, MAX_TRUTH),
        }

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """L1 to L3 of Appendix A.3, weighted."""
        return centernet.losses(outputs, targets)

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """-> {"boxes" float32 [B, n, 4] in input pixels, "scores" [B, n], "labels" int32 [B, n]}.

        A score of 0 says that there is no such box; n is 100.
        """
        found = centernet.decode(outputs)
        boxes, scores, labels = found["boxes"], found["scores"], found["labels"]
        if self._nms is not None:
            scores *= tf.cast(unsuppressed(boxes, labels, self._nms), tf.float32)
        return {"boxes": boxes, "scores": scores, "labels": labels}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """-> predictions and annotation, boxes of both in image pixels; a row an image."""
        truth = {n: value for n, value in targets.items() if n.startswith("truth_")}
        return centernet.in_image(predictions, targets["scale"]) | truth

    def sums(self, statistics) -> None:
        """Average precision ranks the objects of all images together."""

    def evaluator(self) -> "AveragePrecision":
        """Average precision of boxes."""
        return AveragePrecision(self.classes)


class AveragePrecision:
    """COCO's mAP and the AP at an IoU of 0.5 of Pascal VOC (Appendix C)."""

    def __init__(self, classes: int):
        self.classes = classes
        self._found, self._truth, self._images = [], [], 0

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds what `Detection.summarize` returns of some images."""
        scores, truth_labels = statistics["scores"], statistics["truth_labels"]
        image, place = np.nonzero(scores > 0)
        found = coco_metrics.Objects(
            images=self._images + image,
            labels=statistics["labels"][image, place],
            boxes=statistics["boxes"][image, place],
            scores=scores[image, place],
        )
        image, place = np.nonzero(truth_labels >= 0)
        truth = coco_metrics.Objects(
            images=self._images + image,
            labels=truth_labels[image, place],
            boxes=statistics["truth_boxes"][image, place],
            crowds=statistics["truth_crowds"][image, place] > 0,
        )
        self._found.append(found)
        self._truth.append(truth)
        self._images += len(scores)

    def result(self) -> dict[str, float]:
        """-> {"map", "ap50"}; NaN where nothing is annotated."""
        if not self._images:
            return {"map": float("nan"), "ap50": float("nan")}
        found = coco_metrics.Objects.concatenate(self._found)
        truth = coco_metrics.Objects.concatenate(self._truth)
        return {
            "map": coco_metrics.box_map(truth, found, self._images, self.classes),
            "ap50": coco_metrics.voc_ap50(truth, found, self.classes),
        }


def unsuppressed(boxes: tf.Tensor, labels: tf.Tensor, threshold: float) -> tf.Tensor:
    """Greedy non-maximum suppression within classes.

    Args:
      boxes: float32 [B, n, 4], best first.
      labels: int32 [B, n].
      threshold: a box goes whose IoU with a better one that stays is above.

    Returns:
      bool [B, n], True for those that stay.
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
    sides = tf.minimum(first[..., 2:], second[..., 2:]) - tf.maximum(
        first[..., :2], second[..., :2]
    )
    common = tf.reduce_prod(tf.maximum(sides, 0.0), -1)
    areas = [tf.reduce_prod(tf.maximum(b[..., 2:] - b[..., :2], 0.0), -1) for b in (first, second)]
    return tf.math.divide_no_nan(common, areas[0] + areas[1] - common)
