import json

import pytest

from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import examples, find


def test_the_folder_is_the_class(tmp_path):
    root = raw_folders.write_classes(tmp_path, train=6, val=3)
    found = find(root, "folders")
    names = tuple(sorted(raw_folders.CLASSES))
    assert found.dataset.names == {"classification": names}
    for example, _ in found.examples("train"):
        assert example["id"].split("/")[1] == names[example["label"]]
    assert (found.dataset.train, found.dataset.val) == (6, 3)


def test_classes_json_fixes_the_order(tmp_path):
    root = raw_folders.write_classes(tmp_path)
    classes = [*raw_folders.CLASSES, "rare"]
    raw_folders.write_text(root / "classes.json", json.dumps({"classes": classes}))
    labels = {e["id"]: e["label"] for e in examples(root, "folders")}
    assert labels["train/brick/001"] == 1 and find(root, "folders").dataset.classes == {
        "classification": 4
    }
    raw_folders.write_text(root / "classes.json", json.dumps({"classes": ["ground", "bricks"]}))
    with pytest.raises(FoiError, match="unknown class 'brick'; did you mean 'bricks'"):
        find(root, "folders")


def test_without_splits_a_fraction_or_lists_make_them(tmp_path):
    root = raw_folders.write_classes(tmp_path / "made", train=9, val=0) / "train"
    found = find(root, "folders", fraction=0.34)
    assert (found.dataset.train, found.dataset.val) == (6, 3)
    raw_folders.write_text(root / "train.txt", "brick/001\nleaf/002.jpg\n")
    raw_folders.write_text(root / "val.txt", "leaf/005\n\n")
    assert [e["id"] for e in examples(root, "folders")] == ["brick/001", "leaf/002"]
    assert [e["label"] for e in examples(root, "folders", split="val")] == [1]


def test_an_image_outside_of_all_classes_is_named(tmp_path):
    root = raw_folders.write_classes(tmp_path)
    (root / "train/leaf/002.jpg").rename(root / "train/002.jpg")
    with pytest.raises(FoiError, match=r"train/002\.jpg: must be in the folder of a class"):
        find(root, "folders")
