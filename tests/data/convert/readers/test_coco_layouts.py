"""Tests the layouts in which tools export COCO JSON."""

import json

import pytest

from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import examples, find


def content(names, **changes):
    """Returns the content of a file with a box of 30 x 20 pixels in each image."""
    box = {"category_id": 1, "bbox": [10, 10, 30, 20]} | changes
    return {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
        "annotations": [{"image_id": i} | box for i in range(len(names))],
        "categories": [{"id": 1, "name": "cat"}],
    }


def write(root, files, images):
    for path, written in files.items():
        raw_folders.write_text(root / path, json.dumps(written))
    for number, name in enumerate(images):
        pixels = raw_folders.COLORS[[[number % 3] * 64] * 48]
        raw_folders.save_image(root / name, pixels)
    return root


def ids(root, split, **options):
    return [entry.id for entry in find(root, "coco", **options).splits[split]]


TWO, ONE = ["0.jpg", "1.jpg"], ["2.jpg"]


@pytest.mark.parametrize(
    ("files", "images", "train", "val"),
    [
        pytest.param(
            {"annotations/train.json": TWO, "annotations/val.json": ONE},
            ["images/train/0.jpg", "images/train/1.jpg", "images/val/2.jpg"],
            ["train/0", "train/1"], ["val/2"], id="names relative to the split's folder",
        ),
        pytest.param(
            {"annotations/train.json": TWO, "annotations/val.json": ONE},
            ["images/0.jpg", "images/1.jpg", "images/2.jpg"],
            ["0", "1"], ["2"], id="one folder of images",
        ),
        pytest.param(
            {"annotations/instances_Train.json": ["images\\train\\0.jpg", "./train/1.jpg"],
             "annotations/instances_Validation.json": ["/root/set/val/a%20b.jpg"]},
            ["images/train/0.jpg", "images/train/1.jpg", "images/val/a b.jpg"],
            ["train/0", "train/1"], ["val/a b"], id="CVAT's names and other machines' paths",
        ),
        pytest.param(
            {f"annotations/instances_{s}2017.json": TWO for s in ("train", "val")},
            ["train2017/0.jpg", "train2017/1.jpg", "val2017/0.jpg", "val2017/1.jpg"],
            ["train2017/0", "train2017/1"], ["val2017/0", "val2017/1"], id="COCO's own",
        ),
        pytest.param(
            {"train/_annotations.coco.json": TWO, "valid/_annotations.coco.json": TWO,
             "test/_annotations.coco.json": ONE},
            ["train/0.jpg", "train/1.jpg", "valid/0.jpg", "valid/1.jpg", "test/2.jpg"],
            ["train/0", "train/1"], ["valid/0", "valid/1"], id="Roboflow's",
        ),
        pytest.param(
            {"result.json": ["images/train/0.jpg", "images/val/1.jpg"]},
            ["images/train/0.jpg", "images/val/1.jpg"],
            ["train/0"], ["val/1"], id="one file, as Label Studio's",
        ),
        pytest.param(
            {"train.json": TWO, "val.json": ONE},
            ["images/0.JPG", "images/1.jpg", "images/2.jpg"],
            ["0", "1"], ["2"], id="files beside images/",
        ),
    ],
)  # fmt: skip
def test_layouts_of_tools_are_read(tmp_path, files, images, train, val):
    root = write(tmp_path, {path: content(names) for path, names in files.items()}, images)
    assert ids(root, "train") == train and ids(root, "val") == val
    for split, count in (("train", len(train)), ("val", len(val))):
        boxes = [example["boxes"].tolist() for example in examples(root, "coco", split=split)]
        assert boxes == [[[10, 10, 30, 40]]] * count


def test_a_file_without_a_split_takes_a_share_of_its_images(tmp_path):
    names = [f"{i}.jpg" for i in range(4)]
    files = {"annotations/instances_default.json": content(names)}
    root = write(tmp_path, files, [f"images/{name}" for name in names])
    assert len(ids(root, "train", fraction=0.25)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"bbox": []},
        {"bbox": None},
        {"bbox": None, "segmentation": {"size": [48, 64], "counts": [490, 20, 28, 20, 2514]}},
        {"bbox": ["10", "10", 2.0, 20]},
        {"iscrowd": None, "keypoints": None, "bbox": []},
        {"image_id": "0", "category_id": "1", "bbox": []},
    ],
)
def test_boxes_follow_from_outlines_and_texts_are_numbers(tmp_path, change):
    polygon = [[10, 10, 12, 10, 12, 30, 10, 30]]
    train, val = (content(["0.jpg"], segmentation=polygon) for _ in range(2))
    train["annotations"][0].update(change)
    if isinstance(change.get("segmentation"), dict):
        train["annotations"][0]["segmentation"]["counts"] = [490, 20, 28, 20, 2514]
    images = ["images/train/0.jpg", "images/val/0.jpg"]
    root = write(tmp_path, {"annotations/train.json": train, "annotations/val.json": val}, images)
    (example,) = examples(root, "coco")
    assert example["boxes"].tolist() == [[10, 10, 30, 12]]
    assert example["box_crowds"].tolist() == [False]


def test_roboflows_first_category_is_no_class(tmp_path):
    files = {f"{split}/_annotations.coco.json": content(TWO) for split in ("train", "valid")}
    for one in files.values():
        one["categories"][0]["supercategory"] = "pets"
        one["categories"].insert(0, {"id": 0, "name": "pets", "supercategory": "none"})
    images = [f"{split}/{name}" for split in ("train", "valid") for name in TWO]
    assert find(write(tmp_path, files, images), "coco").dataset.names == {"detection": ("cat",)}


def test_files_with_a_byte_order_mark_are_read(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False)
    path = root / "annotations/train.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(examples(root, "coco")) == 8


def test_crowds_are_ignored_in_masks_and_objects_without_outline_counted(tmp_path):
    root = raw_exports.write_export(tmp_path, "coco_masks")
    first, second = examples(root, "masks")[:2]

    def change(written):
        written["annotations"][0]["iscrowd"] = 1
        written["annotations"][2].pop("segmentation")

    raw_exports.edit_json(root / "annotations/train.json", change)
    crowd, left = examples(root, "coco_masks")[:2]
    assert (crowd["mask"][first["mask"] == 1] == 255).all()
    assert (left["mask"] == 2).sum() == (second["mask"] == 2).sum() and not (
        left["mask"] == 1
    ).any()
    (said,) = find(root, "coco_masks").doubts
    assert said.endswith("train.json: left out 1 of 16 objects, which have no 'segmentation'")


@pytest.mark.parametrize(
    ("files", "images", "said"),
    [
        (
            {"annotations/a.json": TWO, "annotations/b.json": ONE},
            ["images/0.jpg", "images/1.jpg", "images/2.jpg"],
            r"2 JSON files are for no split \(annotations/a.json, annotations/b.json\); keep one",
        ),
        (
            {"annotations/train.json": ["0.jpg"], "annotations/val.json": ["train/1.jpg"]},
            ["images/train/0.jpg", "images/train/1.jpg", "images/val/0.jpg"],
            "val.json: image 0: train/1.jpg is of the split train by its folder or list",
        ),
        (
            {"annotations/train.json": ["0.heic"]},
            ["images/1.jpg", "images/0.heic.png"],
            r"train.json: image 0: there is no file images/0.heic; add it, remove",
        ),
        (
            {"annotations/train.json": ["0.jpg"]},
            ["images/a/0.jpg", "images/b/0.jpg"],
            r"'0.jpg' may be any of a/0.jpg, b/0.jpg in images",
        ),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, files, images, said):
    root = write(tmp_path, {path: content(names) for path, names in files.items()}, images)
    with pytest.raises(FoiError, match=said):
        find(root, "coco")


def test_images_of_types_that_are_not_read_are_named(tmp_path):
    root = write(tmp_path, {"annotations/train.json": content(["0.heic"])}, ["images/1.jpg"])
    (root / "images/1.jpg").rename(root / "images/0.heic")
    raw_folders.save_image(root / "images/1.jpg", raw_folders.COLORS[[[1] * 64] * 48])
    with pytest.raises(FoiError, match=r"images/0\.heic is there, but images of its type are not"):
        find(root, "coco")


@pytest.mark.parametrize("form", ["coco", "coco_masks"])
def test_missing_images_are_counted(tmp_path, form):
    names = [f"{i}.jpg" for i in range(6)]
    outline = [[0, 0, 9, 0, 9, 9]]
    written = {"annotations/train.json": content(names, segmentation=outline)}
    root = write(tmp_path, written, ["images/2.jpg"])
    said = (
        r"train\.json: there are no files for 5 of its 6 images \(images/0\.jpg, images/1\.jpg, "
        r"images/3\.jpg and 2 more\); add them"
    )
    with pytest.raises(FoiError, match=said):
        find(root, form)


def test_json_files_that_no_split_uses_are_named(tmp_path):
    used = {f"annotations/{name}.json": content(n) for name, n in (("train", TWO), ("val", ONE))}
    others = {
        "annotations/captions_train.json": {},
        "annotations/old/panoptic.json": {},
        "extra/_annotations.coco.json": content(ONE),
        "train/_annotations.coco.json": content(TWO),
        "annotations/classes.json": {},
    }
    root = write(tmp_path, used | others, [f"images/{i}.jpg" for i in range(3)])
    (said,) = find(root, "coco").doubts
    assert (
        "left out 3 JSON files that no split uses (annotations/captions_train.json, "
        "annotations/old/panoptic.json, extra/_annotations.coco.json); name a file"
    ) in said
