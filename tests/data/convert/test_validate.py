import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from foi_tf.data.convert.validate import validate_example
from foi_tf.data.records import compression, schema
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset

ROW = Dataset(
    id="x", domain="aerial", train=1, val=1,
    classes={"segmentation": 3, "detection": 2, "keypoints": 2, "depth": 1, "classification": 4},
)  # fmt: skip
SIZE = (4, 6)


def boxes(*corners, labels=None):
    n = len(corners)
    return {
        "boxes": np.asarray(corners, np.float32).reshape(-1, 4),
        "box_labels": np.zeros(n, np.int64) if labels is None else np.asarray(labels),
        "box_areas": np.ones(n, np.float32),
        "box_crowds": np.zeros(n, bool),
    }


def keypoints(marks):
    n = len(marks)
    return {
        "keypoints": np.asarray(marks, np.float32),
        "keypoint_boxes": np.asarray([[0, 0, 4, 6]] * n, np.float32),
        "keypoint_areas": np.ones(n, np.float32),
        "keypoint_crowds": np.zeros(n, bool),
    }


def test_good_examples_pass_and_boxes_are_clipped():
    example = {"mask": np.full(SIZE, 255, np.uint8)} | boxes((-0.3, 0, 2, 6.4))
    example |= keypoints([[[1, 2, 2], [0, 0, 0]]]) | {"depth": np.ones(SIZE), "label": 3}
    assert validate_example(example, ROW, SIZE, "r")["boxes"].tolist() == [[0, 0, 2, 6]]


def test_depth_that_records_cannot_tell_from_unknown_is_left_out():
    for meters, kept in ((0.0, False), (4e-4, False), (6e-4, True)):  # Steps are millimeters.
        found = validate_example({"depth": np.full(SIZE, meters, np.float32)}, ROW, SIZE, "r")
        assert ("depth" in found) == kept


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ({"mask": np.zeros((4, 5), np.uint8)}, "mask is 4x5, but its image is 4x6"),
        ({"mask": np.full(SIZE, 3, np.uint8)}, "label 3, but x:segmentation has 3 classes (255"),
        ({"mask": np.full(SIZE, 255, np.uint16)}, "label 255, but"),
        ({"label": 4}, "label 4, but x:classification has 4 classes"),
        (boxes((1, 1, 1, 3)), "box 0 (ymin, xmin, ymax, xmax = 1, 1, 1, 3) is empty"),
        (boxes((0, 0, 1, 1), (0, 0, 5, 2)), "box 1 (ymin, xmin, ymax, xmax = 0, 0, 5, 2) is out"),
        (boxes((0, 0, np.nan, 1)), "box 0 is not finite"),
        (boxes((0, 0, 1, 1), labels=[2]), "label 2, but x:detection has 2 classes"),
        (boxes((0, 0, 1, 1), labels=[0, 1]), "2 box_labels for 1 boxes"),
        (keypoints([[[1, 2, 2]]]), "keypoints have shape (1, 1, 3), not [M, 2, 3]"),
        (keypoints([[[1, 2, 3], [0, 0, 0]]]), "visibility 0, 1 or 2"),
        ({"depth": np.full(SIZE, -1.0)}, "depth must be finite meters from 0"),
        ({"depth": np.ones((2, 2))}, "depth is 2x2"),
    ],
)  # fmt: skip
def test_bad_examples_are_named(example, said):
    with pytest.raises(FoiError) as caught:
        validate_example(example, ROW, SIZE, "set/train/7.jpg")
    assert str(caught.value).startswith("set/train/7.jpg: ")
    assert said in str(caught.value)


def test_the_ignore_label_widens_with_the_mask():
    many = Dataset(id="x", domain="aerial", train=1, val=1, classes={"segmentation": 300})
    image = np.zeros((1, 2, 3), np.uint8)
    given = {"id": "a", "image": image, "mask": np.asarray([[3, 255]], np.uint8)}
    stored = schema.encode_example(given, many, (1, 2))["mask"]
    assert np.asarray(PIL.Image.open(io.BytesIO(stored))).tolist() == [[3, 65535]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("size", [(1, 1), (5, 300), (40, 7)])
def test_maps_are_stored_without_loss(dtype, order, size):
    given = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, size, endpoint=True)
    stored = compression.to_png(given.astype(dtype, order=order))
    read = tf.io.decode_png(stored, channels=1, dtype=dtype)[..., 0]
    PIL.Image.open(io.BytesIO(stored)).verify()  # The checksums.
    assert np.array_equal(read, given)
    assert np.array_equal(PIL.Image.open(io.BytesIO(stored)), given)
