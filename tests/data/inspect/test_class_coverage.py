import functools

import numpy as np
import pytest
from etils import epath

from foi_tf.data.convert import builder
from foi_tf.data.convert.entry import FileEntry, RawDataset
from foi_tf.data.inspect import class_coverage
from foi_tf.data.records import schema
from foi_tf.study.dataset import Dataset

WHOLE = Dataset(
    id="covered", domain="aerial", train=3, val=1, depth_range=(0.0, 10.0),
    classes={"segmentation": 3, "detection": 2, "keypoints": 2, "depth": 1},
    names={"segmentation": ("sky", "road", "car"), "keypoints": ("nose", "tail")},
)  # fmt: skip


IMAGE = np.zeros((8, 8, 3), np.uint8)


def of_all(mask, boxes, visible, depth):
    """Makes annotations of 8 x 8 pixels; visible: for each object, whether each keypoint is."""
    square = np.asarray([0, 0, 4, 4], np.float32)
    joints = np.zeros((len(visible), 2, 3), np.float32)
    joints[..., 2] = np.asarray(visible, np.float32) * 2
    count, people = len(boxes), len(visible)
    return of_depth(depth) | {
        "mask": np.asarray(mask, np.uint8).repeat(32).reshape(8, 8),
        "boxes": np.tile(square, (count, 1)), "box_labels": np.asarray(boxes, np.int64),
        "box_areas": np.full(count, 16, np.float32), "box_crowds": np.zeros(count, bool),
        "keypoints": joints, "keypoint_boxes": np.tile(square, (people, 1)),
        "keypoint_areas": np.full(people, 16, np.float32),
        "keypoint_crowds": np.zeros(people, bool),
    }  # fmt: skip


def of_depth(depth):
    return {"depth": np.full((8, 8), depth, np.float32)}


def image():
    return IMAGE, (8, 8)


def entry(name, load, *arguments):
    return FileEntry(name, epath.Path(name), (functools.partial(load, *arguments),), image)


@pytest.fixture(scope="module", name="covered")
def _covered(tmp_path_factory):
    ignore = schema.IGNORE[np.dtype(np.uint8)]
    splits = {
        "train": [
            entry("a", of_all, [0, 1], [1], [(1, 0)], 0.0),
            entry("b", of_all, [1, ignore], [0, 1, 1], [(0, 0), (1, 0)], 2.0),
            entry("c", of_depth, 3.0),
        ],
        "val": [entry("v", of_all, [2, 2], [0], [(0, 1)], 1.0)],
    }
    return builder.build_records(RawDataset(WHOLE, splits), tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(
    ("task_type", "chosen", "counted"),
    [
        ("segmentation", {"a"}, [("sky", 1, 1), ("road", 1, 2), ("car", 0, 0)]),
        ("segmentation", {"b"}, [("sky", 0, 1), ("road", 1, 2), ("car", 0, 0)]),
        ("detection", {"a"}, [("0", 0, 1), ("1", 1, 2)]),
        ("keypoints", {"a", "b"}, [("nose", 2, 2), ("tail", 0, 0)]),
        ("depth", {"a", "b"}, [("0", 1, 2)]),
    ],
)
def test_images_are_counted_by_class(covered, task_type, chosen, counted):
    found = class_coverage.count_class_coverage(covered, task_type, chosen)
    assert [(one.name, one.chosen, one.total) for one in found] == counted
