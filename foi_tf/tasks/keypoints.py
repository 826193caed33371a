"""Detects keypoints of one class of objects (section 4.2, Appendix A.4) by CenterNet.

Displacements and offsets of keypoints are in cells of the maps, as in `centernet`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models.heads import KeypointHead
from foi_tf.study import metrics
from foi_tf.study.dataset import Dataset
from foi_tf.study.image_statistics import MetricParts
from foi_tf.tasks import centernet, coco_metrics, feature_cells, image_matches
from foi_tf.tasks.base import Sums, TaskType, compute_mean_shares
from foi_tf.tasks.objects import Objects, count_by_size
from foi_tf.wording import count_noun

# OKS falloff of keypoints of datasets that name none. Ours: the mean of COCO's 17.
DEFAULT_SIGMA = 0.067
# Zhou et al.'s code gives all three terms the same weight, too. But its L1 terms average the two
# coordinates of a distance, where Eq. A.3 adds them, so they are half of ours.
WEIGHTS = centernet.WEIGHTS | {"keypoint_heatmap": 1.0, "keypoint_offset": 1.0, "displacement": 1.0}
MIN_SCORE = 0.1  # Lowest score of a candidate (Zhou et al., section 4.2).
# Largest distance of a candidate from the place that the displacement points to, as a share of the
# longer side of the object's box. Zhou et al.'s code has it; neither paper mentions it.
MAX_DISTANCE = 0.3


class Keypoints(TaskType):
    """Predicts objects of one class, each with a box and up to K keypoints.

    Crowds, and objects without any visible keypoint (none annotated, or none within the
    crop), are neither objects nor background in training, and do not count in evaluation.
    Evaluation uses whole images at the single scale of section 4.1, but compares with the
    annotated keypoints in the image's own pixels.

    Raises:
      FoiError: the dataset's number of sigmas is not its number of keypoints.
    """

    metric = "oks_ap50"
    terms = tuple(WEIGHTS)
    around_objects = True
    prediction_text = '"keypoints" [B, n, K, 3] (y, x, score), "boxes", "scores"'
    cell_dtype = np.int64

    def __init__(self, dataset: Dataset):
        self.keypoints = dataset.classes["keypoints"]
        self._sigmas = dataset.sigmas or (DEFAULT_SIGMA,) * self.keypoints
        if len(self._sigmas) != self.keypoints:
            raise FoiError(
                f"{dataset.id}:keypoints: {count_noun(len(self._sigmas), 'sigma')} for "
                f"{count_noun(self.keypoints, 'keypoint')}"
            )

    def head(self) -> KeypointHead:
        """Creates a head of six maps without a neck (Figure A.5a)."""
        return KeypointHead(self.keypoints)

    def encode(self, example) -> dict[str, tf.Tensor]:
        """Returns the targets of `centernet.encode_boxes` and of M4 to M6, and the annotation.

        Keypoints: "keypoint_heatmap" float32 [h, w, K], with the radius of the object's
        own Gaussian; "keypoint_cell" int32 [M, K]; "keypoint_offset" and "displacement"
        (from the cell of the object's center) float32 [M, K, 2]; "keypoint_present" bool
        [M, K]; M = `centernet.MAX_OBJECTS`. Annotation of the M largest objects, in image
        pixels: "truth_keypoints" float32 [M, K, 3], "truth_boxes" [M, 4], "truth_areas" [M],
        "truth_crowds" and "truth_present" int32 [M]; "scale" float32 [2], input pixels per
        image pixel.
        """
        crop = example["image"].shape[:2]
        boxes, marks = example["keypoint_boxes"], example["keypoints"]
        single = ~example["keypoint_crowds"] & tf.reduce_any(marks[..., 2] > 0, 1)
        ignored = tf.boolean_mask(boxes, ~single)
        boxes, marks = tf.boolean_mask(boxes, single), tf.boolean_mask(marks, single)
        kept = centernet.find_largest(boxes, centernet.MAX_OBJECTS)
        boxes, marks = tf.gather(boxes, kept), tf.gather(marks, kept)
        targets = centernet.encode_boxes(boxes, tf.zeros_like(kept), ignored, crop, 1)
        targets |= self._encode_marks(boxes, marks, centernet.map_size(crop))
        return targets | {"scale": example["scale"]} | _truth(example["original"])

    def _encode_marks(self, boxes, marks, shape) -> dict[str, tf.Tensor]:
        """Returns the targets of M4 to M6; `marks` are keypoints [N, K, 3] in input pixels."""
        corners = boxes / centernet.STRIDE
        centers, _ = centernet.locate_cells((corners[:, 2:] + corners[:, :2]) / 2, shape)
        points = marks[..., :2] / centernet.STRIDE
        cells, offsets = centernet.locate_cells(points, shape)
        present = marks[..., 2] > 0
        radii = centernet.gaussian_radius(corners[:, 2:] - corners[:, :2])
        radii = tf.repeat(radii[:, None], self.keypoints, 1)
        channels = tf.repeat(tf.range(self.keypoints)[None], tf.shape(marks)[0], 0)
        count = centernet.MAX_OBJECTS
        displacements = points - tf.cast(centers, tf.float32)[:, None]
        return {
            "keypoint_heatmap": centernet.draw_heatmap(
                tf.boolean_mask(cells, present),
                tf.boolean_mask(radii, present),
                tf.boolean_mask(channels, present),
                (*shape, self.keypoints),
            ),
            "keypoint_cell": centernet.pad_rows(cells[..., 0] * shape[1] + cells[..., 1], count),
            "keypoint_offset": centernet.pad_rows(offsets, count),
            "displacement": centernet.pad_rows(displacements, count),
            "keypoint_present": centernet.pad_rows(present, count),
        }

    def loss(self, outputs, targets) -> dict[str, tf.Tensor]:
        """Computes L1 to L6 of Appendix A.3 and A.4, weighted.

        Each keypoint counts in L5, also where two share a cell. L6 leaves out objects that a
        smaller one hides, as L2 and L3 do.
        """
        present = targets["keypoint_present"]
        parts = centernet.sum_box_losses(outputs, targets)
        parts["keypoint_heatmap"] = centernet.sum_focal_loss(
            outputs["keypoint_heatmap"], targets["keypoint_heatmap"], targets["background"]
        )
        parts["keypoint_offset"] = centernet.sum_l1_loss(
            centernet.gather_cells(outputs["keypoint_offset"], targets["keypoint_cell"]),
            targets["keypoint_offset"],
            present,
        )
        parts["displacement"] = centernet.sum_l1_loss(
            self._displacements(outputs, targets["cell"]),
            targets["displacement"],
            present & targets["present"][..., None],
        )
        return compute_mean_shares(parts, WEIGHTS)

    def _displacements(self, outputs, cell: tf.Tensor) -> tf.Tensor:
        """Reads the displacements in the cells int32 [B, n]: float32 [B, n, K, 2]."""
        found = centernet.gather_cells(outputs["displacement"], cell)
        return tf.reshape(found, [-1, *cell.shape[1:], self.keypoints, 2])

    def decode(self, outputs) -> dict[str, tf.Tensor]:
        """Returns {"boxes", "scores", "keypoints"} of the 100 likeliest objects of each image.

        Keypoints are float32 [B, n, K, 3] (y, x, score), boxes [B, n, 4], both in input
        pixels. Scores of objects, [B, n], are 0 in empty rows. The displacement from an
        object's center points to a place for each keypoint. The keypoint is the candidate
        nearest to that place, among candidates within the object's box that score above 0.1
        (Zhou et al., section 4.2). A candidate must also be no farther from the place than
        `MAX_DISTANCE` times the longer side of the box, so that a hidden keypoint is not taken
        from a neighbor. Without a candidate, the keypoint is the place itself, with a score of 0.
        """
        found = centernet.decode_boxes(outputs)
        width = outputs["heatmap"].shape[2]
        corner = tf.stack([found["cell"] // width, found["cell"] % width], -1)
        displaced = self._displacements(outputs, found["cell"])
        regressed = centernet.STRIDE * (tf.cast(corner, tf.float32)[:, :, None] + displaced)
        places, scores = _candidates(outputs)
        low, high = found["boxes"][:, :, None, None, :2], found["boxes"][:, :, None, None, 2:]
        spread = places[:, None]  # [B, 1, K, m, 2] against objects [B, n, 1, 1, 2].
        usable = tf.reduce_all((spread >= low) & (spread <= high), -1)
        usable &= scores[:, None] > MIN_SCORE
        squared = tf.reduce_sum((spread - regressed[..., None, :]) ** 2, -1)
        longer = tf.reduce_max(high - low, -1)  # [B, n, 1, 1].
        usable &= squared <= (MAX_DISTANCE * longer) ** 2
        squared = tf.where(usable, squared, squared.dtype.max)
        nearest = tf.argmin(squared, -1, output_type=tf.int32)
        by_object = tf.transpose(nearest, [0, 2, 1])  # [B, K, n], to index [B, K, m].
        chosen = tf.transpose(tf.gather(places, by_object, batch_dims=2), [0, 2, 1, 3])
        certain = tf.transpose(tf.gather(scores, by_object, batch_dims=2), [0, 2, 1])
        any_usable = tf.reduce_any(usable, -1)
        yx = tf.where(any_usable[..., None], chosen, regressed)
        score = tf.where(any_usable, certain, 0.0)
        keypoints = tf.concat([yx, score[..., None]], -1)
        return {"boxes": found["boxes"], "scores": found["scores"], "keypoints": keypoints}

    def summarize(self, predictions, targets) -> dict[str, tf.Tensor]:
        """Returns predictions and annotation, both in image pixels; one row for each image."""
        truth = {n: value for n, value in targets.items() if n.startswith("truth_")}
        return centernet.to_image_pixels(predictions, targets["scale"]) | truth

    def sums(self, statistics) -> Sums:
        """Returns the objects that were found and all objects, see `image_matches`."""
        counts = []
        for place, scores in enumerate(statistics["scores"]):
            marks = statistics["truth_keypoints"][place]
            present = statistics["truth_present"][place] > 0
            marks, crowds = marks[present], statistics["truth_crowds"][place][present] > 0
            similarity = image_matches.keypoint_similarity(
                statistics["keypoints"][place],
                marks,
                statistics["truth_areas"][place][present],
                self._sigmas,
            )
            truth = np.where(crowds | ~(marks[..., 2] > 0).any(-1), -1, 0)
            labels = np.zeros(len(scores), np.int64)
            counts.append(image_matches.count_found(scores, labels, truth, similarity, 1))
        found, total = zip(*counts, strict=True)
        return np.stack(found), np.stack(total)

    def parts(self, accumulator) -> MetricParts | None:
        """Returns the average precision of each size."""
        return accumulator.parts()

    def accumulator(self) -> "KeypointPrecision":
        """Creates an accumulator of average precision by keypoint similarity."""
        return KeypointPrecision(self._sigmas)

    def to_image_pixels(self, predictions, scale) -> dict[str, tf.Tensor]:
        """Converts boxes and keypoints from input pixels to image pixels."""
        return centernet.to_image_pixels(predictions, scale)

    def cell_labels(self, example, crop) -> tf.Tensor:
        """Returns the index of the visible keypoint in the cell; NaN in all other cells.

        Where several keypoints share a cell, the last one counts.
        """
        seen = example["keypoints"][..., 2] > 0
        places = tf.boolean_mask(example["keypoints"], seen)[:, :2]
        return feature_cells.scatter_points(places, tf.where(seen)[:, 1], crop)

    def cell_geometry(self, example, crop) -> tf.Tensor:
        """Returns (y, x) from the object's center to that keypoint, and the object's log size."""
        seen = example["keypoints"][..., 2] > 0
        places = tf.boolean_mask(example["keypoints"], seen)[:, :2]
        boxes = tf.gather(example["keypoint_boxes"], tf.where(seen)[:, 0])
        way = (places - centernet.find_box_centers(boxes)) / centernet.STRIDE
        numbers = tf.concat([way, centernet.log_box_sizes(boxes)], -1)
        return feature_cells.scatter_points(places, numbers, crop)


def _candidates(outputs) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the likeliest places of each keypoint.

    Returns:
      Places float32 [B, K, m, 2] in input pixels, and scores [B, K, m].
    """
    _, height, width, kinds = outputs["keypoint_heatmap"].shape
    logits = centernet.keep_peaks(outputs["keypoint_heatmap"])
    by_kind = tf.transpose(tf.reshape(logits, [-1, height * width, kinds]), [0, 2, 1])
    best, cell = tf.math.top_k(by_kind, min(centernet.MAX_PREDICTIONS, height * width))
    corner = tf.cast(tf.stack([cell // width, cell % width], -1), tf.float32)
    places = corner + centernet.gather_cells(outputs["keypoint_offset"], cell)
    return centernet.STRIDE * places, tf.sigmoid(best)


def _truth(original) -> dict[str, tf.Tensor]:
    """Returns the annotation of the largest objects in image pixels; see `Keypoints.encode`."""
    count = centernet.MAX_OBJECTS
    kept = centernet.find_largest(original["keypoint_boxes"], count)
    crowds = tf.cast(original["keypoint_crowds"], tf.int32)
    rows = {
        "truth_keypoints": original["keypoints"],
        "truth_boxes": original["keypoint_boxes"],
        "truth_areas": original["keypoint_areas"],
        "truth_crowds": crowds,
        "truth_present": tf.ones_like(crowds),
    }
    return {name: centernet.pad_rows(tf.gather(value, kept), count) for name, value in rows.items()}


class KeypointPrecision:
    """Computes COCO's AP at an object keypoint similarity (OKS) of 0.5 (Appendix C)."""

    def __init__(self, sigmas: Sequence[float]):
        self.sigmas = tuple(sigmas)
        self._found: list[Objects] = []
        self._truth: list[Objects] = []
        self._images = 0

    def update(self, statistics: Mapping[str, np.ndarray]) -> None:
        """Adds the statistics of some images, as `Keypoints.summarize` returns them."""
        scores = statistics["scores"]
        image, place = np.nonzero(scores > 0)
        found = Objects(
            images=self._images + image,
            labels=np.zeros_like(image),
            boxes=statistics["boxes"][image, place],
            scores=scores[image, place],
            keypoints=statistics["keypoints"][image, place],
        )
        image, place = np.nonzero(statistics["truth_present"])
        truth = Objects(
            images=self._images + image,
            labels=np.zeros_like(image),
            boxes=statistics["truth_boxes"][image, place],
            crowds=statistics["truth_crowds"][image, place] > 0,
            keypoints=statistics["truth_keypoints"][image, place],
            areas=statistics["truth_areas"][image, place],
        )
        self._found.append(found)
        self._truth.append(truth)
        self._images += len(scores)

    def parts(self) -> MetricParts | None:
        """Returns AP of the only class, and by size; None without images."""
        if not self._images:
            return None
        found = Objects.concatenate(self._found)
        truth = Objects.concatenate(self._truth)
        by_class, by_size = coco_metrics.compute_oks_ap50_parts(
            truth, found, self._images, self.sigmas
        )
        return MetricParts(
            class_names=np.array(["object"]),
            class_values=by_class,
            class_images=np.array([len(np.unique(truth.images))]),
            size_values=by_size,
            size_objects=count_by_size(truth),
        )

    def result(self) -> dict[str, float]:
        """Returns {"oks_ap50"} in [0, 1]; NaN if no keypoint is annotated.

        The constant prediction is no object.
        """
        if not self._images:
            return {"oks_ap50": float("nan")}
        found = Objects.concatenate(self._found)
        truth = Objects.concatenate(self._truth)
        precision = coco_metrics.compute_oks_ap50(truth, found, self._images, self.sigmas)
        return {"oks_ap50": precision} | metrics.name_constants({"oks_ap50": 0.0})
