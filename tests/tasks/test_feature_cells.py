import numpy as np
import tensorflow as tf

from foi_tf import tasks
from foi_tf.data.input import views
from foi_tf.study.dataset import Dataset, Task
from foi_tf.tasks import feature_cells

CROP = (8, 8)
ROW = Dataset(
    id="x", domain="aerial", train=1, val=1,
    classes={"segmentation": 5, "detection": 10, "keypoints": 2, "depth": 1},
)  # fmt: skip
NAN = np.nan


def cell_labels(task_type, example):
    return tasks.create(Task("x", task_type), ROW).cell_labels(example, CROP)


def test_maps_are_sampled_at_the_centers_of_cells():
    meters = np.zeros((8, 8, 1), np.float32)
    meters[2, 6], meters[6, 6] = 3.0, 5.0
    found = cell_labels("depth", {"depth": tf.constant(meters)})
    np.testing.assert_array_equal(found, [[NAN, 3], [NAN, 5]])
    mask = np.full((8, 8, 1), 255, np.uint8)
    mask[2, 2], mask[6, 2] = 4, 0
    found = cell_labels("segmentation", {"mask": tf.constant(mask)})
    np.testing.assert_array_equal(found, [[4, NAN], [0, NAN]])


def test_boxes_label_the_cells_of_their_centers():
    boxes = {
        "boxes": tf.constant([[0, 0, 4, 6], [0, 4, 8, 8], [4, 0, 8, 4]], tf.float32),
        "box_labels": tf.constant([7, 8, 9], tf.int64),
        "box_crowds": tf.constant([False, False, True]),
    }
    np.testing.assert_array_equal(cell_labels("detection", boxes), [[7, NAN], [NAN, 8]])


def test_visible_keypoints_label_their_cells():
    marks = tf.constant([[[0, 0, 2], [5, 5, 0]], [[7.9, 1, 1], [0, 7, 2]]], tf.float32)
    found = cell_labels("keypoints", {"keypoints": marks})
    np.testing.assert_array_equal(found, [[0, 1], [0, NAN]])


def test_a_cell_is_inside_where_its_center_is():
    example = {
        "original": {"size": tf.constant([20, 10], tf.int64)}, "scale": tf.constant([0.5, 0.5]),
    }  # fmt: skip
    found = feature_cells.find_inside_cells(example, (12, 8)).numpy()
    np.testing.assert_array_equal(found, [[True, False], [True, False], [False, False]])


def test_what_decoding_cannot_shrink_is_not_inside():
    """Decodes 72 of 75 rows at a quarter, which gives 18: the center of the fifth cell."""
    size, crop = tf.constant([75, 64], tf.int64), (32, 16)
    view = views.fit_whole_image(size, crop)
    assert (view.height, view.out_height) == (72, 18)
    found = feature_cells.find_inside_cells({"original": {"size": size}, "scale": view.scale}, crop)
    assert found[:, 0].numpy().tolist() == [True] * 4 + [False] * 4


def test_the_geometry_of_cells_is_that_of_their_objects():
    """Compares with sizes of boxes in cells of 4 pixels, and with the way from their centers."""

    def geometry(task_type, example):
        return tasks.create(Task("x", task_type), ROW).cell_geometry(example, CROP).numpy()

    boxes = {
        "boxes": tf.constant([[0, 0, 4, 6], [0, 4, 8, 8]], tf.float32),
        "box_labels": tf.constant([7, 8], tf.int64),
        "box_crowds": tf.constant([False, False]),
    }
    found = geometry("detection", boxes)
    np.testing.assert_allclose(found[0, 0], [0, np.log(1.5)], atol=1e-6)
    np.testing.assert_allclose(found[1, 1], [np.log(2), 0], atol=1e-6)
    assert np.isnan(found[0, 1]).all() and np.isnan(found[1, 0]).all()
    persons = {
        "keypoints": tf.constant([[[0, 4, 2], [5, 5, 0]]], tf.float32),
        "keypoint_boxes": tf.constant([[0, 0, 8, 8]], tf.float32),
    }
    found = geometry("keypoints", persons)
    np.testing.assert_allclose(found[0, 1], [-1, 0, np.log(2), np.log(2)], atol=1e-6)
    assert np.isnan(found[1, 1]).all()  # Not visible.
    found = geometry("depth", {"depth": tf.fill((8, 8, 1), 3.0)})
    np.testing.assert_allclose(found, np.full((2, 2, 1), np.log(3)), rtol=1e-6)
    assert tasks.create(Task("x", "segmentation"), ROW).cell_geometry({}, CROP) is None
