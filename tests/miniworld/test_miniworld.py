"""The rendered collection has the rows of the paper's datasets and consistent annotations."""

import subprocess
import sys

import numpy as np
import pytest

from foi_tf.errors import FoiError
from foi_tf.miniworld import DATASETS, annotate, render
from foi_tf.miniworld.labels import DETECTION, SEGMENTATION, make_label_table
from foi_tf.miniworld.single import SUBJECTS
from foi_tf.miniworld.vocabulary import KIND_IDS
from foi_tf.study import registry
from tests.miniworld.scenes import WITH, samples

KEYS = {
    "classification": {"label"},
    "segmentation": {"mask"},
    "detection": {"boxes", "box_labels", "box_areas", "box_crowds"},
    "keypoints": {"keypoints", "keypoint_boxes", "keypoint_areas", "keypoint_crowds"},
    "depth": {"depth"},
}


def test_collection_mirrors_the_papers():
    assert list(DATASETS) == list(registry.DATASETS)
    for row, paper in zip(DATASETS.values(), registry.DATASETS.values(), strict=True):
        assert row.collection == "mini"
        assert (row.domain, row.number) == (paper.domain, paper.number)
        assert set(row.classes) == set(paper.classes)
        assert all(side % 32 == 0 for side in row.crop)
        for task_type, count in row.classes.items():
            assert task_type == "depth" or len(row.names[task_type]) == count
        assert row.mean is None


def test_sizes_keep_the_papers_order():
    ours = sorted(DATASETS.values(), key=lambda row: row.train)
    papers = [registry.DATASETS[row.id].train for row in ours]
    assert papers == sorted(papers)
    assert DATASETS["kitti"].train == 60  # 60 * sqrt(150 / 150).
    assert DATASETS["coco"].train == 1685  # 60 * sqrt(118287 / 150).
    assert {row.val for row in DATASETS.values()} == {100, 400}


def test_keypoint_rows_are_consistent():
    for dataset_id in WITH["keypoints"]:
        row = DATASETS[dataset_id]
        names = row.names["keypoints"]
        assert len(row.sigmas) == len(names) == registry.DATASETS[dataset_id].classes["keypoints"]
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
        "from foi_tf.miniworld import render; import zlib;"
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
            # Boxes are tight: the class reaches all four sides.
            assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def test_labels_come_in_turn_and_things_are_central():
    count = len(SUBJECTS)
    assert DATASETS["ilsvrc"].classes["classification"] == count >= 40
    labels = [render("ilsvrc", "train", index)["label"] for index in range(0, 2 * count, 7)]
    assert labels == [index % count for index in range(0, 2 * count, 7)]


def test_label_table_by_hand():
    lookup = make_label_table({"plant": ("tree", "bush"), "way": ("road",)})
    assert lookup[KIND_IDS["bush"]] == 0 and lookup[KIND_IDS["road"]] == 1
    assert lookup[KIND_IDS["sky"]] == 255
