import dataclasses

import numpy as np
import pytest

from foi_tf.analysis.measures import class_gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import part_tables
from foi_tf.errors import FoiError
from foi_tf.study import image_statistics, results
from foi_tf.study.image_statistics import ImageStatistics, MetricParts
from tests.analysis.conftest import make_row

CAMVID, COCO = "camvid:segmentation", "coco:segmentation"
BOXES = "pvoc:detection"


def leave(directory, target, source, value, statistics, seed=0):
    """Writes a row and the statistics beside it."""
    row = make_row(target, source, value, seed=seed)
    results.write_row(row, directory)
    image_statistics.write_beside_row(statistics, dataclasses.asdict(row), directory)


def sums(numerator, denominator, images=("a", "b"), parts=None):
    return ImageStatistics(np.array(images), np.array(numerator), np.array(denominator), parts)


def analyze(directory):
    return StudyAnalysis(
        results.load(directory), images=image_statistics.find_statistics(directory)
    )


def test_classes_and_images_by_hand(tmp_path):
    # Two images and two classes. Baseline: IoU of 4/10 and 5/10; with the source 6/10 and 4/10.
    leave(tmp_path, CAMVID, "ilsvrc", 0.45, sums([[4, 0], [0, 5]], [[10, 0], [0, 10]]))
    leave(tmp_path, CAMVID, COCO, 0.50, sums([[6, 0], [0, 4]], [[10, 0], [0, 10]]))
    parts, images = class_gains.compute_part_gains(analyze(tmp_path))
    assert list(parts.name) == ["0", "1"] and list(parts["count"]) == [1, 1]
    np.testing.assert_allclose(parts.difference, [20, -10])
    np.testing.assert_allclose(parts.gain, [50, -20])
    (one,) = images.to_dict("records")
    assert (one["images"], one["better"], one["worse"], one["seeds"]) == (2, 50, 50, 1)
    assert (one["best_image"], one["worst_image"]) == ("a", "b")
    assert (one["best_difference"], one["worst_difference"]) == (
        pytest.approx(20), pytest.approx(-10),
    )  # fmt: skip


def boxes(by_class, by_size, found):
    """Statistics of a detection with two classes and three objects in each of two images."""
    parts = MetricParts(
        class_names=np.array(["car", "dog"]),
        class_values=np.array(by_class),
        class_images=np.array([2, 1]),
        size_values=np.array(by_size),
        size_objects=np.array([4, 2, 0]),
    )
    return sums([found, [1, 0]], [[2, 1], [3, 0]], parts=parts)


def test_sizes_and_seeds_by_hand(tmp_path):
    nan = np.nan
    for seed, low in ((0, 0.2), (1, 0.4)):
        leave(tmp_path, BOXES, "ilsvrc", 0.3, boxes([low, 0.005], [0.1, 0.5, nan], [0, 1]), seed)
        leave(tmp_path, BOXES, COCO, 0.4, boxes([0.6, 0.105], [0.2, 0.4, nan], [2, 1]), seed)
    parts, images = class_gains.compute_part_gains(analyze(tmp_path))
    assert list(parts.part) == ["class", "class", "size", "size"]  # There is no large object.
    assert list(parts.name) == ["car", "dog", "small", "medium"]
    np.testing.assert_allclose(parts.difference, [30, 10, 10, -10])  # Means of two seeds.
    np.testing.assert_allclose(parts.gain, [100, nan, 100, -20])  # 0.6 against 0.3; dog has none.
    assert list(parts["count"]) == [2, 1, 4, 2] and set(parts.seeds) == {2}
    # The share of objects that were found rises from 1 to 3 of 3 in one image.
    (one,) = images.to_dict("records")
    assert (one["better"], one["worse"]) == (50, 0)
    assert one["best_difference"] == pytest.approx(200 / 3)

    by_target, by_chain = part_tables.build_part_tables(parts, images)
    (line,) = by_target.texts.to_dict("records")
    assert (line["target"], line["class helped most"], line["class harmed most"]) == (
        BOXES, "car", "dog",
    )  # fmt: skip
    assert (line["helped, points"], line["images with it"]) == ("+30.0", "2")
    assert (line["small, points"], line["large, points"]) == ("+10.0", "–")
    (line,) = by_chain.texts.to_dict("records")
    assert (line["source"], line["classes better"], line["images better, %"]) == (COCO, "2", "50")


def test_chains_at_a_floor_and_without_statistics_are_left_out(tmp_path):
    leave(tmp_path, BOXES, "ilsvrc", 0.001, boxes([0.0, 0.0], [0.1, 0.5, 0], [0, 1]))
    leave(tmp_path, BOXES, COCO, 0.4, boxes([0.6, 0.1], [0.2, 0.4, 0], [2, 1]))
    for source in ("ilsvrc", COCO):
        results.write_row(make_row(CAMVID, source, 0.5), tmp_path)
    parts, images = class_gains.compute_part_gains(analyze(tmp_path))
    assert parts.empty and images.empty
    assert part_tables.build_part_tables(parts, images) == []


def test_depth_has_images_alone(tmp_path):
    target = "sunrgbd:depth"
    leave(tmp_path, target, "ilsvrc", 2.0, sums([[4.0], [4.0]], [[1], [1]]))
    leave(tmp_path, target, "vkitti2:depth", 1.5, sums([[1.0], [4.0]], [[1], [1]]))
    parts, images = class_gains.compute_part_gains(analyze(tmp_path))
    assert parts.empty
    (one,) = images.to_dict("records")
    assert (one["better"], one["worse"], one["best_difference"]) == (50, 0, 1)  # A meter less.
    (table,) = part_tables.build_part_tables(parts, images)
    assert table.texts["class helped most"].tolist() == ["–"]


def test_other_images_are_refused(tmp_path):
    leave(tmp_path, CAMVID, "ilsvrc", 0.4, sums([[4]], [[10]], images=("a",)))
    leave(tmp_path, CAMVID, COCO, 0.5, sums([[5]], [[10]], images=("b",)))
    with pytest.raises(FoiError, match="evaluated on other images than the runs"):
        class_gains.compute_part_gains(analyze(tmp_path))
