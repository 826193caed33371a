import dataclasses
import random
import subprocess
import sys

import numpy as np
import pytest

from foi_tf.data.miniworld import DATASETS, annotate, render
from foi_tf.data.miniworld.camera import Camera
from foi_tf.data.miniworld.crowd import Crowd
from foi_tf.data.miniworld.labels import DETECTION, SEGMENTATION, table
from foi_tf.data.miniworld.painter import Painter, at_depth
from foi_tf.data.miniworld.person import PERSON_JOINTS, person
from foi_tf.data.miniworld.ranges import RANGES
from foi_tf.data.miniworld.single import SUBJECTS
from foi_tf.data.miniworld.stage import ORIGIN, Place, Stage
from foi_tf.data.miniworld.variation import Range, contains
from foi_tf.data.miniworld.vehicles import vehicle
from foi_tf.data.miniworld.vocabulary import KIND_IDS
from foi_tf.errors import FoiError
from foi_tf.study.registry import DATASETS as PAPER

WITH = {
    task_type: [row.id for row in DATASETS.values() if task_type in row.classes]
    for task_type in ("segmentation", "detection", "keypoints", "depth")
}
KEYS = {
    "classification": {"label"},
    "segmentation": {"mask"},
    "detection": {"boxes", "box_labels", "box_areas", "box_crowds"},
    "keypoints": {"keypoints", "keypoint_boxes", "keypoint_areas", "keypoint_crowds"},
    "depth": {"depth"},
}


def samples(dataset_id: str, count: int = 6, split: str = "train"):
    return [render(dataset_id, split, index) for index in range(count)]


# The collection


def test_collection_mirrors_the_papers():
    assert list(DATASETS) == list(PAPER)
    for row, paper in zip(DATASETS.values(), PAPER.values(), strict=True):
        assert row.collection == "mini"
        assert (row.domain, row.number) == (paper.domain, paper.number)
        assert set(row.classes) == set(paper.classes)
        assert all(side % 32 == 0 for side in row.crop)
        for task_type, count in row.classes.items():
            assert task_type == "depth" or len(row.names[task_type]) == count
        assert row.mean is None


def test_sizes_keep_the_papers_order():
    ours = sorted(DATASETS.values(), key=lambda row: row.train)
    papers = [PAPER[row.id].train for row in ours]
    assert papers == sorted(papers)
    assert DATASETS["kitti"].train == 60  # 60 * sqrt(150 / 150).
    assert DATASETS["coco"].train == 1685  # 60 * sqrt(118287 / 150).
    assert {row.val for row in DATASETS.values()} == {100, 400}


def test_keypoint_rows_are_consistent():
    for dataset_id in WITH["keypoints"]:
        row = DATASETS[dataset_id]
        names = row.names["keypoints"]
        assert len(row.sigmas) == len(names) == PAPER[dataset_id].classes["keypoints"]
        paired = {i for pair in row.flip_pairs for i in pair}
        assert paired == {i for i, name in enumerate(names) if "left" in name or "right" in name}
        for left, right in row.flip_pairs:
            assert names[left].replace("left", "right") == names[right]
            assert row.sigmas[left] == row.sigmas[right]


def test_label_maps_name_each_kind_once_and_differ():
    for labels in (*SEGMENTATION.values(), *DETECTION.values()):
        kinds = [kind for merged in labels.values() for kind in merged]
        assert len(kinds) == len(set(kinds))
        assert set(kinds) <= set(KIND_IDS)
    assert len({tuple(labels) for labels in SEGMENTATION.values()}) == len(SEGMENTATION)


def test_unknown_names_are_refused():
    with pytest.raises(FoiError, match="did you mean 'camvid'"):
        render("camvit", "train", 0)
    with pytest.raises(FoiError, match="unknown split 'test'"):
        render("camvid", "test", 0)


# Every example


@pytest.mark.parametrize("dataset_id", DATASETS)
def test_example_has_the_keys_and_types_of_its_tasks(dataset_id):
    row = DATASETS[dataset_id]
    example = render(dataset_id, "val", 3)
    wanted = set().union(*(KEYS[task_type] for task_type in row.classes))
    assert set(example) == wanted | {"id", "image"}
    assert example["id"] == "val/000003"
    assert example["image"].shape == (*row.crop, 3) and example["image"].dtype == np.uint8
    types = {
        "mask": np.uint8, "boxes": np.float32, "box_labels": np.int64, "box_areas": np.float32,
        "box_crowds": bool, "keypoints": np.float32, "keypoint_boxes": np.float32,
        "keypoint_areas": np.float32, "keypoint_crowds": bool, "depth": np.float32,
    }  # fmt: skip
    for key in wanted - {"label"}:
        assert example[key].dtype == types[key], key


@pytest.mark.parametrize("dataset_id", DATASETS)
def test_same_arguments_same_example(dataset_id):
    first, second = render(dataset_id, "train", 5), render(dataset_id, "train", 5)
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])
    other = render(dataset_id, "val", 5)
    assert (first["image"] != other["image"]).any()


def test_another_process_draws_the_same():
    code = (
        "from foi_tf.data.miniworld import render; import zlib;"
        "print(zlib.crc32(render('coco', 'train', 1)['image'].tobytes()))"
    )
    command = [sys.executable, "-c", code]
    printed = {subprocess.run(command, capture_output=True, text=True).stdout for _ in range(2)}
    assert len(printed) == 1 and printed.pop().strip().isdigit()


@pytest.mark.parametrize("dataset_id", ["coco", "city", "suim", "isaid", "vgallery"])
def test_larger_size_is_the_same_scene_in_finer_detail(dataset_id):
    height, width = DATASETS[dataset_id].crop
    small = render(dataset_id, "train", 2)
    large = render(dataset_id, "train", 2, (3 * height, 3 * width))
    agree = large["mask"][1::3, 1::3] == small["mask"]
    assert agree.mean() > 0.95
    # Grain and noise are as fine as the pixels, so brightness is compared over patches.
    patches = [
        image.astype(float).reshape(16, len(image) // 16, 16, -1, 3).mean((1, 3))
        for image in (small["image"], large["image"])
    ]
    assert np.abs(patches[0] - patches[1]).mean() < 4


# Annotations


@pytest.mark.parametrize("dataset_id", WITH["segmentation"])
def test_mask_ids_and_all_classes_occur(dataset_id):
    row = DATASETS[dataset_id]
    missing = set(range(row.classes["segmentation"]))
    for index in range(row.train):
        present = set(np.unique(render(dataset_id, "train", index)["mask"]).tolist())
        assert present <= set(range(row.classes["segmentation"])) | {255}
        missing -= present
        if not missing:
            return
    pytest.fail(f"never seen: {[row.names['segmentation'][i] for i in missing]}")


@pytest.mark.parametrize("dataset_id", WITH["detection"])
def test_all_detection_classes_occur(dataset_id):
    row = DATASETS[dataset_id]
    missing = set(range(row.classes["detection"]))
    for index in range(row.train):
        missing -= set(render(dataset_id, "train", index)["box_labels"].tolist())
        if not missing:
            return
    pytest.fail(f"never seen: {[row.names['detection'][i] for i in missing]}")


@pytest.mark.parametrize("dataset_id", WITH["detection"])
def test_boxes_lie_inside_the_image_and_hold_their_area(dataset_id):
    row = DATASETS[dataset_id]
    for example in samples(dataset_id, 12):
        for (top, left, bottom, right), area, label in zip(
            example["boxes"], example["box_areas"], example["box_labels"], strict=True
        ):
            assert 0 <= top < bottom <= row.crop[0] and 0 <= left < right <= row.crop[1]
            assert annotate.MIN_AREA * np.prod(row.crop) <= area <= (bottom - top) * (right - left)
            assert 0 <= label < row.classes["detection"]


@pytest.mark.parametrize("dataset_id", ["pvoc", "coco"])
def test_boxes_and_masks_agree(dataset_id):
    mask_of = {name: i for i, name in enumerate(SEGMENTATION[dataset_id])}
    for example in samples(dataset_id, 12):
        for box, area, label in zip(
            example["boxes"], example["box_areas"], example["box_labels"], strict=True
        ):
            top, left, bottom, right = box.astype(int)
            name = DATASETS[dataset_id].names["detection"][label]
            inside = example["mask"][top:bottom, left:right] == mask_of[name]
            assert inside.sum() >= area
            # Tight: the class reaches all four sides.
            assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def square(painter: Painter, kind: str, left: float, top: float, side: float, depth: float):
    with painter.instance(kind) as made:
        part = painter.part(kind, (200, 0, 0), at_depth(depth))
        corners = ((0, 0), (side, 0), (side, side), (0, side))
        painter.polygon(part, [(left + x, top + y) for x, y in corners])
    return made, part


def test_box_of_an_occluded_instance_by_hand():
    painter = Painter((32, 32), (32, 32))
    square(painter, "car", 0.25, 0.25, 0.5, 10.0)  # Pixels 8 to 24.
    square(painter, "dog", 0.5, 0.0, 0.5, 4.0)  # Pixels 0 to 16, columns 16 to 32.
    found = annotate.boxes(painter, {"dog": ("dog",), "car": ("car",)})
    assert found["box_labels"].tolist() == [1, 0]
    # OpenCV also fills the pixels on an outline, so the far sides reach one further.
    np.testing.assert_allclose(found["boxes"], [[8, 8, 24, 24], [0, 16, 16, 32]], atol=1)
    np.testing.assert_allclose(found["box_areas"], [256 - 64, 256], rtol=0.1)
    depth = annotate.depth(painter)
    assert depth[20, 12] == pytest.approx(10) and depth[8, 24] == pytest.approx(4)
    assert depth[0, 0] == 0


def test_slivers_are_not_annotated():
    painter = Painter((128, 128), (128, 128))
    square(painter, "ball", 0.1, 0.1, 2.4 / 128, 5.0)
    square(painter, "ball", 0.5, 0.5, 5 / 128, 5.0)
    assert len(annotate.boxes(painter, {"ball": ("ball",)})["boxes"]) == 1


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
        person(stage, Place(0.0, 3.0, heading), 1.75, "standing")
        joints = painter.instances[1].joints
        left, right = (joints[PERSON_JOINTS[f"{side} shoulder"]].x for side in ("left", "right"))
        assert sign * (right - left) > 0.05
        nose = joints[PERSON_JOINTS["nose"]]
        assert bool(nose.owners) == (sign < 0)


# Depth and perspective


def test_ground_depth_follows_the_camera():
    camera = Camera(aspect=1.5, focal=1.2, height=1.6, horizon=0.4, yaw=0.2, roll=0.0)
    painter = Painter((64, 96), (64, 96))
    stage = Stage(painter, camera, random.Random(0))
    corners = [(-900, 0, 900.0), (900, 0, 900.0), (900, 0, -900.0), (-900, 0, -900.0)]
    stage.face("road", ORIGIN, corners, (90, 90, 90), lit=False)
    depth = annotate.depth(painter)
    for row in (40, 50, 63):
        # The pixel that stands for each 2 x 2 is the lower right one.
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
    depth = annotate.depth(painter)
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
    crowd.put(Place(0.0, 8.0), vehicle, "car")
    crowd.put(Place(1.5, 20.0, 0.4), vehicle, "truck")
    crowd.draw()
    owners, depth = annotate.owners(painter), annotate.depth(painter)
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


# Domains


@pytest.mark.parametrize(
    "outer, inner",
    [("mapillary", dataset_id) for dataset_id in ("kitti", "camvid", "city", "idd", "bdd")]
    + [("coco", dataset_id) for dataset_id in ("pcontext", "pvoc", "ade", "mpii")]
    + [("scannet", "sunrgbd"), ("isaid", "isprs")],
)
def test_broad_domains_contain_narrow_ones(outer, inner):
    assert contains(RANGES[outer], RANGES[inner])
    assert not contains(RANGES[inner], RANGES[outer])


def test_consumer_photographs_contain_other_domains():
    coco = RANGES["coco"]
    assert {"street", "room", "shore"} <= set(coco.settings)
    geometry = ("camera_height", "focal", "horizon", "yaw", "road_width", "storeys")
    for dataset_id in ("kitti", "camvid", "city", "bdd"):
        for name in geometry:
            assert contains(getattr(coco.street, name), getattr(RANGES[dataset_id], name)), name


def test_camvid_is_the_narrowest_driving_set():
    def width(ranges) -> float:
        spans = [
            (value.high - value.low) / (whole.high - whole.low)
            for field in dataclasses.fields(ranges)
            if isinstance(value := getattr(ranges, field.name), Range)
            and (whole := getattr(RANGES["mapillary"], field.name)).high > whole.low
        ]
        return float(np.mean(spans))

    driving = {name: width(RANGES[name]) for name in ("camvid", "city", "idd", "bdd", "mapillary")}
    assert min(driving, key=driving.get) == "camvid"
    assert max(driving, key=driving.get) == "mapillary"


def test_contains_by_hand():
    assert contains(Range(0, 2), Range(0, 1)) and not contains(Range(0, 1), Range(0, 2))
    assert contains(Range(0, 1), 0.5) and not contains(("a",), ("a", "b"))


def colour_statistics(dataset_id: str, split: str, count: int) -> np.ndarray:
    """Mean and deviation of each channel, and how it changes from top to bottom."""
    rows = []
    for index in range(count):
        image = render(dataset_id, split, index)["image"] / 255.0
        third = len(image) // 3
        slope = image[:third].mean((0, 1)) - image[-third:].mean((0, 1))
        rows.append(np.concatenate([image.mean((0, 1)), image.std((0, 1)), slope]))
    return np.array(rows)


def nearest_mean_accuracy(domains: tuple[str, ...]) -> float:
    """Of a classifier of val images by nine colour statistics, trained on train images."""
    train = [colour_statistics(name, "train", 20) for name in domains]
    scale = np.concatenate(train).std(0)
    means = np.array([values.mean(0) for values in train])
    right = 0
    for number, name in enumerate(domains):
        values = colour_statistics(name, "val", 12)
        distance = (((values[:, None] - means) / scale) ** 2).sum(-1)
        right += (distance.argmin(1) == number).sum()
    return right / (12 * len(domains))


def test_domains_are_told_apart_by_colour_alone():
    assert nearest_mean_accuracy(("uwt", "kitti")) > 0.9
    assert nearest_mean_accuracy(("city", "suim", "isprs", "sunrgbd", "dogs")) > 0.6  # Chance: 0.2.


def test_synthetic_streets_have_no_texture_or_noise():
    def roughness(dataset_id: str) -> float:
        images = [example["image"].astype(float) for example in samples(dataset_id)]
        return float(np.median([np.median(np.abs(np.diff(image, axis=1))) for image in images]))

    assert roughness("vkitti2") == 0 < roughness("kitti")


# ILSVRC


def test_labels_come_in_turn_and_things_are_central():
    count = len(SUBJECTS)
    assert DATASETS["ilsvrc"].classes["classification"] == count >= 40
    labels = [render("ilsvrc", "train", index)["label"] for index in range(0, 2 * count, 7)]
    assert labels == [index % count for index in range(0, 2 * count, 7)]


def test_label_table_by_hand():
    lookup = table({"plant": ("tree", "bush"), "way": ("road",)})
    assert lookup[KIND_IDS["bush"]] == 0 and lookup[KIND_IDS["road"]] == 1
    assert lookup[KIND_IDS["sky"]] == 255
