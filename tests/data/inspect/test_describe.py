"""Compares counts with counts by hand, and pictures with colors."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

from foi_tf.data.convert import builder, custom_dataset, inventory, layouts
from foi_tf.data.inspect import contact_sheet, describe, visualize
from foi_tf.data.inspect.palette import class_color
from foi_tf.data.inspect.statistics import Statistics
from foi_tf.data.records import prepared_datasets, schema
from foi_tf.data.records.read_examples import read_examples
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset
from tests import raw_folders
from tests.data.convert.layouts import bdd, camvid, coco, pvoc, sunrgbd


def test_classes_are_counted_as_in_the_raw_files(tmp_path):
    root = raw_folders.write_folder(
        tmp_path / "raw", train=20, val=3, keypoints=("brick",), depth=True
    )
    found = custom_dataset.find_custom_dataset(
        root, ["coco", "masks", "depth"], "mine", "aerial", None
    )
    done = builder.build_records(found, tmp_path / "data")
    told = describe.describe_dataset(done, tmp_path / "mine.png")
    assert json.loads(json.dumps(told))["sheet"] == str(tmp_path / "mine.png")
    masks = [cv2.imread(str(p), -1) for p in (root / "masks/train").iterdir()]
    areas = [sum(int((mask == label).sum()) for mask in masks) for label in range(3)]
    segmentation = told["train"]["segmentation"]
    assert [one["pixels"] for one in segmentation["classes"]] == areas
    assert [one["name"] for one in segmentation["classes"]] == list(raw_folders.CLASSES)
    assert segmentation["classes"][0]["share"] == pytest.approx(areas[0] / sum(areas), abs=1e-5)
    boxes = told["val"]["detection"]
    assert [one["boxes"] for one in boxes["classes"]] == [3, 3] and boxes["images"] == 3
    points = told["train"]["keypoints"]
    assert points["instances"] == 20
    assert [(p["labelled"], p["visible"]) for p in points["keypoints"]] == [
        (20, 20), (20, 20), (20, 0), (0, 0),
    ]  # fmt: skip
    depth = told["train"]["depth"]
    assert depth["known"] == pytest.approx(63 / 64, abs=1e-5) and depth["images"] == 20
    assert (depth["nearest"], depth["farthest"]) == (1.25, 4.0)
    assert depth["median"] == pytest.approx(4.0, abs=0.02)
    assert (told["train"]["smallest"], told["train"]["images"]) == ([48, 64], 20)
    picture = cv2.imread(str(tmp_path / "mine.png"))
    assert picture.shape[0] > 400 and picture.shape[1] > 400
    again = describe.draw_contact_sheet(prepared_datasets.load_prepared(tmp_path / "data", "mine"))
    assert np.array_equal(again[..., ::-1], picture)


def test_box_sides_and_ignored_pixels():
    row = Dataset(
        id="x", domain="aerial", train=1, val=1, classes={"detection": 2, "segmentation": 2}
    )
    statistics = Statistics(row)
    mask = np.full((10, 10), 255, np.uint8)
    mask[:2] = 1
    boxes = np.asarray([[0, 0, 4, 9], [0, 0, 6, 6], [0, 0, 20, 20]], np.float32)
    example = {"id": "a", "size": (10, 10), "mask": mask, "boxes": boxes}
    example |= {"box_labels": np.asarray([0, 1, 1]), "box_areas": np.ones(3)}
    statistics.add(example | {"box_crowds": np.asarray([False, False, True])})
    found = statistics.result()
    assert found["segmentation"]["ignored"] == 0.8
    assert found["segmentation"]["classes"][1] == {
        "name": "1", "pixels": 20, "images": 1, "share": 1.0,
    }  # fmt: skip
    assert found["detection"]["median_side"] == pytest.approx(6, rel=0.01)
    assert found["detection"]["crowds"] == 1


def test_overlays_show_what_is_annotated():
    row = Dataset(
        id="x", domain="aerial", train=1, val=1,
        classes={"segmentation": 2, "detection": 2, "keypoints": 2, "depth": 1},
        names={"detection": ("a", "b")},
    )  # fmt: skip
    gray = np.full((100, 100, 3), 128, np.uint8)
    mask = np.full((100, 100), 255, np.uint8)
    mask[:50] = 1
    depth = np.zeros((100, 100), np.float32)
    depth[:, :30], depth[:, 30:60] = 1, 9
    example = {
        "id": "train/0", "size": (100, 100), "image": gray, "mask": mask, "depth": depth,
        "boxes": np.asarray([[20, 30, 60, 80]], np.float32), "box_labels": np.asarray([1]),
        "box_crowds": np.asarray([False]),
        "keypoints": np.asarray([[[40, 50, 2], [10, 10, 0]]], np.float32),
    }  # fmt: skip
    objects, masked, meters = (tile.image for tile in visualize.draw_tiles(example, row, 100))
    assert tuple(objects[20, 55]) == class_color(1) and tuple(objects[45, 30]) == class_color(1)
    assert tuple(objects[40, 50]) == class_color(0) and tuple(objects[10, 10]) == (128,) * 3
    assert tuple(masked[80, 80]) == (128,) * 3 and tuple(masked[10, 10]) != (128,) * 3
    near, far, unknown = (meters[50, x].astype(int) for x in (5, 45, 80))
    assert near[0] > near[2] and far[2] > far[0] and unknown.sum() == 0


def test_what_is_read_back_is_what_was_found(tmp_path):
    raw = raw_folders.write_folder(tmp_path / "raw", depth=True)
    found = custom_dataset.find_custom_dataset(raw, ["coco", "depth"], "mine", "aerial", None)
    done = builder.build_records(found, tmp_path / "data")
    written = {example["id"]: example for example, _ in found.examples("train")}
    for example in read_examples(done, "train", frozenset(["train/003", "train/005"])):
        raw = written.pop(example["id"])
        assert set(example) - {"size"} == set(raw)
        np.testing.assert_allclose(example["depth"], raw["depth"], atol=5e-4)
        np.testing.assert_array_equal(example["boxes"], raw["boxes"])
    assert len(written) == 6
    assert list(read_examples(done, "train", frozenset())) == []


def test_sheets_keep_their_tiles_apart():
    tiles = [
        contact_sheet.Tile(np.full((20, 30, 3), level, np.uint8), "c") for level in (0, 50, 90)
    ]
    picture = contact_sheet.compose_sheet(contact_sheet.split_into_rows(tiles, 2))
    assert picture[4, 4, 0] == 0 and (picture[:, -1] == 255).all()
    assert {0, 50, 90} <= set(np.unique(picture).tolist())


def test_inventories_of_own_data_name_everything_that_is_wrong(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    good = inventory.inspect_custom(root, ["coco", "masks"], None)
    assert good.is_whole and not good.problems
    counted = {(part.what, part.split): part.found for part in good.parts}
    assert counted == {
        ("images", "train"): 8, ("images", "val"): 4, ("detection", "train"): 8,
        ("detection", "val"): 4, ("segmentation", "train"): 8, ("segmentation", "val"): 4,
    }  # fmt: skip
    (root / "images/val/001.jpg").write_bytes(b"no image")
    raw_folders.save_image(root / "masks/val/002.png", np.full((48, 64), 9, np.uint8))
    bad = inventory.inspect_custom(root, ["coco", "masks"], None)
    assert not bad.is_whole and len(bad.problems) == 2
    assert "val/001.jpg: not a whole image (unknown format)" in bad.problems[0]
    assert "label 9" in bad.problems[1]
    assert inventory.inspect_custom(root, ["voc"], None).problems
    with pytest.raises(FoiError, match="unknown dataset 'camvit'; did you mean 'camvid'"):
        inventory.inspect_published("camvit", root)


@pytest.mark.parametrize(("layout", "sizes"), [
    (pvoc, {"segmentation": (10_582, 1_449), "detection": (5_011, 4_952)}),
    (bdd, {"segmentation": (7_000, 1_000), "detection": (69_863, 10_000)}),
    (coco, {"segmentation": (118_287, 5_000), "detection": (117_266, 5_000),
            "keypoints": (64_115, 5_000)}),
    (sunrgbd, {"segmentation": (5_000, 425), "depth": (5_000, 425)}),
], ids=lambda value: getattr(value, "__name__", "").rpartition(".")[2])  # fmt: skip
def test_inventories_count_the_images_of_each_task(layout, sizes, tmp_path):
    splits = layout.write(tmp_path)
    name = layout.__name__.rpartition(".")[2]
    found = inventory.inspect_published(name, tmp_path)
    assert not found.problems
    counted = {(part.what, part.split): part.found for part in found.parts}
    for kind, about in sizes.items():
        (field, *_) = schema.fields_of(kind)
        for split, number in zip(schema.SPLITS, about, strict=True):
            annotated = sum(field.name in example for example in splits[split].values())
            assert counted[f"{kind} (about {number})", split] == annotated > 0, (kind, split)


def test_inventories_of_publishers_folders_count_files_and_images(tmp_path, monkeypatch):
    splits = camvid.write(tmp_path)
    count = len(list(tmp_path.glob("LabeledApproved_full/*_L.png")))
    found = inventory.inspect_published("camvid", tmp_path)
    assert not found.is_whole and not found.problems and found.home and found.terms
    stills, labels, *parts = found.parts
    assert (stills.found, stills.expected, stills.is_whole) == (count, 701, False)
    assert labels.found == count
    sizes = {split: len(examples) for split, examples in splits.items()}
    assert [(part.what, part.split, part.found) for part in parts] == [
        ("images", "train", sizes["train"]), ("images", "val", sizes["val"]),
        ("segmentation (about 367)", "train", sizes["train"]),
        ("segmentation (about 101)", "val", sizes["val"]),
    ]  # fmt: skip
    # The test pretends that the publisher has no more files.
    layout = layouts.LAYOUTS["camvid"]
    files = tuple(dataclasses.replace(part, count=count) for part in layout.files)
    whole = dataclasses.replace(layout, files=files)
    monkeypatch.setattr(layouts, "LAYOUTS", {"camvid": whole})
    assert inventory.inspect_published("camvid", tmp_path).is_whole
    next(tmp_path.glob("LabeledApproved_full/*")).unlink()
    (problem,) = inventory.inspect_published("camvid", tmp_path).problems
    assert "restore it or remove the image" in problem
