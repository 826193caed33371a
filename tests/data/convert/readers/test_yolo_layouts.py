"""Tests the layouts in which tools export YOLO's files."""

import pytest

from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import examples, find

LINE = "0 0.5 0.5 0.25 0.5\n"
BOX = [[12, 24, 36, 40]]
YAML = "train: images/train\nval: images/val\nnames: [cat]\n"


def write(root, texts, images, labels):
    for path, text in texts.items():
        raw_folders.write_text(root / path, text)
    for path in labels:
        raw_folders.write_text(root / path, LINE)
    for name in images:
        raw_folders.save_image(root / name, raw_folders.COLORS[[[1] * 64] * 48])
    return root


DARKNET = {
    "obj.names": "cat\n",
    "obj.data": "train = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names",
    "train.txt": "data/obj_train_data/0.jpg\n",
    "valid.txt": "data\\obj_train_data\\1.jpg\r\n",
}


@pytest.mark.parametrize(
    ("texts", "images", "labels"),
    [
        pytest.param(
            {"data.yaml": YAML}, ["images/train/0.jpg", "images/val/1.jpg"],
            ["images/train/0.txt", "images/val/1.txt"], id="labels beside the images",
        ),
        pytest.param(
            {"data.yaml": YAML}, ["images/train/0.jpg", "images/val/1.jpg"],
            ["labels/0.txt", "labels/1.txt"], id="labels without folders",
        ),
        pytest.param(
            {"data.yaml": YAML}, ["images/train/0.JPG", "images/val/1.jpg"],
            ["Labels/train/0.txt", "Labels/val/1.TXT"], id="letter case",
        ),
        pytest.param(
            {"data.yaml": "names: {0: cat}\nnc: 1\n"},
            ["train/images/0.jpg", "valid/images/1.jpg"],
            ["train/labels/0.txt", "valid/labels/1.txt"], id="a folder for each split",
        ),
        pytest.param(
            {"data.yaml": "path: ../d\ntrain: /content/d/train/images\nval: ../../valid/images\n"
                          "test: ../test/images\nnames: [cat]\n"},
            ["train/images/0.jpg", "valid/images/1.jpg"],
            ["train/labels/0.txt", "valid/labels/1.txt"], id="paths of other machines",
        ),
        pytest.param(
            {"coco8.yaml": "train: C:\\d\\images\\train\nvalid: images\\val\nnames: [cat]\n"},
            ["images/train/0.jpg", "images/val/1.jpg"],
            ["labels/train/0.txt", "labels/val/1.txt"], id="Windows, another name",
        ),
        pytest.param(
            DARKNET, ["obj_train_data/0.jpg", "obj_train_data/1.jpg"],
            ["obj_train_data/0.txt", "obj_train_data/1.txt"], id="darknet",
        ),
        pytest.param(
            {"classes.txt": "cat\n"}, ["images/train/0.jpg", "images/validation/1.jpg"],
            ["labels/train/0.txt", "labels/validation/1.txt"], id="names alone",
        ),
    ],
)  # fmt: skip
def test_layouts_of_tools_are_read(tmp_path, texts, images, labels):
    root = write(tmp_path, texts, images, labels)
    found = find(root, "yolo")
    assert found.dataset.names == {"detection": ("cat",)} and not found.doubts
    for split in ("train", "val"):
        (example,) = examples(root, "yolo", split=split)
        assert example["boxes"].tolist() == BOX


def test_absolute_paths_are_read_below_a_relative_folder(tmp_path, monkeypatch):
    texts = {"set/data.yaml": f"train: {tmp_path}/set/a\nval: {tmp_path}/set/b\nnames: [cat]\n"}
    images = ["set/a/0.jpg", "set/b/1.jpg"]
    write(tmp_path, texts, images, ["set/a/0.txt", "set/b/1.txt"])
    monkeypatch.chdir(tmp_path)
    assert [example["id"] for example in examples("set", "yolo")] == ["a/0"]


@pytest.mark.parametrize(
    ("texts", "images", "labels", "said"),
    [
        (
            {"data.yaml": YAML}, ["images/train/0.jpg", "images/val/0.jpg"], ["labels/0.txt"],
            r"labels/0\.txt: is for the images train/0\.jpg, val/0\.jpg alike; put the labels of",
        ),
        (
            {"data.yaml": "train: /far/away\nval: images\nnames: [cat]"}, ["images/0.jpg"], [],
            r"data\.yaml: 'train': /far/away is neither a directory nor a list below .*; move",
        ),
        (
            {"data.yaml": "train: images\nval: none\nnames: [cat]", "none/a.md": ""},
            ["images/0.jpg"], [], r"data\.yaml: 'val': .*none holds no image",
        ),
        (
            {"a.yaml": YAML, "b.yaml": YAML}, ["images/0.jpg"], [],
            r"a\.yaml, b\.yaml may all describe the folder; call the right one data\.yaml",
        ),
        (
            {"obj.data": "train = train.txt\nnames = obj.names\n"}, ["images/0.jpg"], [],
            r"obj\.data: names no file of classes that is there; add classes\.txt",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path, texts, images, labels, said):
    root = write(tmp_path, texts, images, labels)
    with pytest.raises(FoiError, match=said):
        find(root, "yolo")


def test_numbers_of_classes_and_unused_labels_are_doubtful(tmp_path):
    texts = {"data.yaml": YAML + "nc: 3\n"}
    labels = [f"labels/{name}.txt" for name in ("train/0", "train/7", "val/1")]
    root = write(tmp_path, texts, ["images/train/0.jpg", "images/val/1.jpg"], labels)
    numbers, unused = find(root, "yolo").doubts
    assert "'nc' is 3, but there are names of 1 class" in numbers
    assert "left out 1 of 3 files without an image that is read (train/7.txt)" in unused
    labels = [f"{name}.txt" for name in ("a/labels/0", "a/labels/7", "b/labels/1")]
    texts = {"data.yaml": "train: a/images\nval: b/images\nnames: [cat]\n"}
    root = write(tmp_path / "b", texts, ["a/images/0.jpg", "b/images/1.jpg"], labels)
    (unused,) = find(root, "yolo").doubts
    assert "left out 1 label file without an image that is read (a/labels/7.txt)" in unused


def test_boxes_make_no_masks(tmp_path):
    root = raw_exports.write_export(tmp_path, "yolo_masks")
    raw_folders.write_text(root / "labels/train/000.txt", LINE)
    with pytest.raises(FoiError, match=r"000\.txt: line 1: is a box, not an outline.*=yolo"):
        examples(root, "yolo_masks")
