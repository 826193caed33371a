"""Rendered boxes, keypoints and depth are where the drawn things are."""

import random

import numpy as np
import pytest

from foi_tf.miniworld import DATASETS, annotate
from foi_tf.miniworld.camera import Camera
from foi_tf.miniworld.crowd import Crowd
from foi_tf.miniworld.labels import SEGMENTATION
from foi_tf.miniworld.painter import Painter, inverse_depth_of_plane
from foi_tf.miniworld.person import PERSON_JOINTS, draw_person
from foi_tf.miniworld.stage import ORIGIN, Place, Stage
from foi_tf.miniworld.vehicles import draw_vehicle
from tests.miniworld.scenes import WITH, samples


def square(painter: Painter, kind: str, left: float, top: float, side: float, depth: float):
    with painter.instance(kind) as made:
        part = painter.part(kind, (200, 0, 0), inverse_depth_of_plane(depth))
        corners = ((0, 0), (side, 0), (side, side), (0, side))
        painter.polygon(part, [(left + x, top + y) for x, y in corners])
    return made, part


def test_box_of_an_occluded_instance_by_hand():
    painter = Painter((32, 32), (32, 32))
    square(painter, "car", 0.25, 0.25, 0.5, 10.0)  # Pixels 8 to 24.
    square(painter, "dog", 0.5, 0.0, 0.5, 4.0)  # Pixels 0 to 16, columns 16 to 32.
    found = annotate.make_boxes(painter, {"dog": ("dog",), "car": ("car",)})
    assert found["box_labels"].tolist() == [1, 0]
    # OpenCV also fills the pixels on an outline, so the far sides are one pixel farther.
    np.testing.assert_allclose(found["boxes"], [[8, 8, 24, 24], [0, 16, 16, 32]], atol=1)
    np.testing.assert_allclose(found["box_areas"], [256 - 64, 256], rtol=0.1)
    depth = annotate.make_depth(painter)
    assert depth[20, 12] == pytest.approx(10) and depth[8, 24] == pytest.approx(4)
    assert depth[0, 0] == 0


def test_slivers_are_not_annotated():
    painter = Painter((128, 128), (128, 128))
    square(painter, "ball", 0.1, 0.1, 2.4 / 128, 5.0)
    square(painter, "ball", 0.5, 0.5, 5 / 128, 5.0)
    assert len(annotate.make_boxes(painter, {"ball": ("ball",)})["boxes"]) == 1


@pytest.mark.parametrize("dataset_id", WITH["keypoints"])
def test_keypoints_lie_in_the_image_and_visible_ones_in_their_figures_box(dataset_id):
    height, width = DATASETS[dataset_id].crop
    visible = 0
    for example in samples(dataset_id, 20):
        for figure, box in zip(example["keypoints"], example["keypoint_boxes"], strict=True):
            y, x, seen = figure.T
            known = seen > 0
            assert ((y >= 0) & (y < height) & (x >= 0) & (x < width))[known].all()
            assert (figure[~known] == 0).all()
            top, left, bottom, right = box
            at = seen == 2
            assert ((y >= top - 1.5) & (y <= bottom + 1.5))[at].all()
            assert ((x >= left - 1.5) & (x <= right + 1.5))[at].all()
            visible += at.sum()
    assert visible > 20 * 5


def test_visible_keypoints_lie_on_people():
    names = list(SEGMENTATION["coco"])
    for example in samples("coco", 30):
        people = np.pad(example["mask"] == names.index("person"), 1)
        for y, x, seen in example["keypoints"].reshape(-1, 3):
            if seen == 2:
                assert people[int(y) : int(y) + 3, int(x) : int(x) + 3].any()


def test_left_is_left():
    """Seen from behind a figure's left is on the left; seen from the front on the right."""
    for heading, sign in ((0.0, 1), (np.pi, -1)):
        painter = Painter((128, 128), (128, 128))
        stage = Stage(painter, Camera(1.0, 1.0, 1.5, 0.5), random.Random(0))
        draw_person(stage, Place(0.0, 3.0, heading), 1.75, "standing")
        joints = painter.instances[1].joints
        left, right = (joints[PERSON_JOINTS[f"{side} shoulder"]].x for side in ("left", "right"))
        assert sign * (right - left) > 0.05
        nose = joints[PERSON_JOINTS["nose"]]
        assert bool(nose.owners) == (sign < 0)


def test_ground_depth_follows_the_camera():
    camera = Camera(aspect=1.5, focal=1.2, height=1.6, horizon=0.4, yaw=0.2, roll=0.0)
    painter = Painter((64, 96), (64, 96))
    stage = Stage(painter, camera, random.Random(0))
    corners = [(-900, 0, 900.0), (900, 0, 900.0), (900, 0, -900.0), (-900, 0, -900.0)]
    stage.face("road", ORIGIN, corners, (90, 90, 90), lit=False)
    depth = annotate.make_depth(painter)
    for row in (40, 50, 63):
        # Of each 2 x 2 pixels, annotations use the lower right one.
        y = (2 * row + 1 + 0.5) / 128
        expected = camera.height * camera.focal / (y - camera.horizon)
        np.testing.assert_allclose(depth[row], expected, rtol=1e-4)
    assert (depth[:20] == 0).all()


def test_depth_of_a_wall_seen_with_roll_matches_its_corners():
    camera = Camera(aspect=1.0, focal=1.0, height=1.5, horizon=0.45, x=0.3, yaw=-0.3, roll=0.1)
    painter = Painter((128, 128), (128, 128))
    stage = Stage(painter, camera, random.Random(0))
    corners = [(-2, 3, 4.0), (2, 3, 6.0), (2, 0, 6.0), (-2, 0, 4.0)]
    assert stage.face("room wall", ORIGIN, corners, (90, 90, 90))
    depth = annotate.make_depth(painter)
    for t in (0.3, 0.5, 0.7):
        point = (-2 + 4 * t, 1.5, 4 + 2 * t)
        viewed = camera.view(point)
        x, y = camera.image(viewed)
        assert depth[int(y * 128), int(x * 128)] == pytest.approx(viewed[2], rel=0.02)


def test_nearer_things_hide_farther_ones():
    """Where one vehicle covers another, the depth is the nearer one's."""
    painter = Painter((96, 160), (96, 160))
    stage = Stage(painter, Camera(160 / 96, 1.0, 1.5, 0.45), random.Random(0))
    crowd = Crowd(stage)
    crowd.put(Place(0.0, 8.0), draw_vehicle, "car")
    crowd.put(Place(1.5, 20.0, 0.4), draw_vehicle, "truck")
    crowd.draw()
    owners, depth = annotate.find_owners(painter), annotate.make_depth(painter)
    truck, car = (depth[owners == number] for number in (1, 2))
    assert 5.5 < car.min() < car.max() < 10.5
    assert 16 < truck.min() <= truck.max() < 24
    assert len(car) > 500 and len(truck) > 50


@pytest.mark.parametrize("dataset_id", WITH["depth"])
def test_depth_is_metric_and_finite(dataset_id):
    near, far = DATASETS[dataset_id].depth_range
    for example in samples(dataset_id, 10):
        depth = example["depth"]
        known = depth[depth > 0]
        assert np.isfinite(depth).all() and (depth >= 0).all()
        assert known.size > 0.5 * depth.size
        assert np.mean((known > near) & (known < far)) > 0.9


def test_sky_has_no_depth_and_road_gets_nearer_downwards():
    names = list(SEGMENTATION["vkitti2"])
    for example in samples("vkitti2", 8):
        mask, depth = example["mask"], example["depth"]
        column = depth[:, 80][mask[:, 80] == names.index("road")]
        assert (np.diff(column) <= 1e-3).all()
