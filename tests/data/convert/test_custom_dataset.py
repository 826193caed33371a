import json

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest

from foi_tf.data.convert import custom_dataset, reader_result
from foi_tf.errors import FoiError
from tests import raw_folders


def find(root, formats=("masks",), fraction=None):
    return custom_dataset.find_custom_dataset(root, formats, "mine", "aerial", fraction)


def test_formats_are_read_together(tmp_path):
    found = find(raw_folders.write_folder(tmp_path), ("coco", "masks"))
    assert found.dataset.classes == {"detection": 2, "segmentation": 3}
    assert found.dataset.names["segmentation"] == raw_folders.CLASSES
    assert found.dataset.crop == (64, 64)
    examples = [example for example, _ in found.examples("train")]
    assert len(examples) == 8
    for example in examples:
        # Boxes are the bounding boxes of the mask's classes, labels from 0.
        for box, label in zip(example["boxes"].astype(int), example["box_labels"], strict=True):
            y, x = np.nonzero(example["mask"] == label + 1)
            assert box.tolist() == [y.min(), x.min(), y.max() + 1, x.max() + 1]


def test_images_may_be_annotated_in_one_format_only(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    (root / "masks/train/003.png").unlink()
    found = find(root, ("coco", "masks"))
    have = {e["id"]: "mask" in e for e, _ in found.examples("train")}
    assert have.pop("train/003") is False and all(have.values())
    assert find(root).dataset.train == 7


def test_a_fraction_is_held_out_where_there_is_no_val(tmp_path):
    root = raw_folders.write_folder(tmp_path, train=10, val=0)
    with pytest.raises(FoiError, match="give a share of train, as --val_fraction"):
        find(root)
    found = find(root, fraction=0.3)
    ids = {split: {e["id"] for e, _ in found.examples(split)} for split in ("train", "val")}
    assert (len(ids["train"]), len(ids["val"])) == (7, 3) and not ids["train"] & ids["val"]
    with pytest.raises(FoiError, match="leaves a split empty"):
        find(root, fraction=0.01)


def test_a_fraction_and_a_val_split_contradict(tmp_path):
    with pytest.raises(FoiError, match="has a val split already"):
        find(raw_folders.write_folder(tmp_path), fraction=0.5)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_broken_files_are_named(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    image, mask = root / "images/train/001.jpg", root / "masks/train/002.png"
    whole = image.read_bytes()
    cut(image)
    with pytest.raises(FoiError, match=r"train/001\.jpg: not a whole image"):
        list(find(root).examples("train"))
    image.write_bytes(whole)
    cut(mask)
    with pytest.raises(FoiError, match=r"train/002\.png: not a whole image"):
        list(find(root).examples("train"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_turned_images_are_refused_with_the_remedy(tmp_path, suffix):
    root = raw_folders.write_folder(tmp_path)
    path = root / f"images/train/002{suffix}"
    with PIL.Image.open(root / "images/train/002.jpg") as picture:
        pixels = picture.copy()
    (root / "images/train/002.jpg").unlink()
    tag = PIL.Image.Exif()
    for orientation in (1, 0, 6):
        tag[PIL.ExifTags.Base.Orientation] = orientation
        pixels.save(path, exif=tag)
        if orientation != 6:
            assert len(list(find(root).examples("train"))) == 8
    with pytest.raises(FoiError, match=rf"train/002\{suffix}: its EXIF orientation is 6.*mogrify"):
        list(find(root).examples("train"))


def test_masks_must_be_labels_of_their_image(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    raw_folders.save_image(root / "masks/train/001.png", np.zeros((48, 60), np.uint8))
    with pytest.raises(FoiError, match=r"train/001\.jpg: mask is 48x60, but its image is 48x64"):
        list(find(root).examples("train"))
    raw_folders.save_image(root / "masks/train/001.png", np.full((48, 64), 9, np.uint8))
    with pytest.raises(FoiError, match=r"train/001\.jpg: label 9, but mine:segmentation has 3"):
        list(find(root).examples("train"))
    raw_folders.save_image(root / "masks/train/001.png", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(FoiError, match=r"train/001\.png: has 1 color"):
        list(find(root).examples("train"))


def test_16_bit_masks_keep_their_ids(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    wide = np.full((48, 64), 65535, np.uint16)
    wide[:9] = 2
    raw_folders.save_image(root / "masks/train/000.png", wide)
    example = next(find(root).examples("train"))[0]
    assert np.array_equal(example["mask"], wide)


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda c: c.pop("categories"), "is not COCO JSON: 'categories' is missing"),
        (lambda c: c["annotations"][0].update(category_id=11), "category_id 11 is not in"),
        (lambda c: c["annotations"][0].update(image_id=99), "annotations of image_id 99"),
        (lambda c: c["annotations"][0].update(bbox=[0, 0, -1, 5]), "is empty"),
        (lambda c: c["annotations"][0].update(bbox=[0, 0, 99, 5]), "is outside the image"),
        (
            lambda c: c["images"][0].update(file_name="train/x.jpg"),
            "there is no file images/train/x.jpg",
        ),
        (lambda c: c["categories"].pop(), "its categories differ"),
    ],
)
def test_mistakes_in_coco_json_are_named(tmp_path, edit, said):
    root = raw_folders.write_folder(tmp_path)
    change(root / "annotations/train.json", edit)
    with pytest.raises(FoiError, match=said):
        list(find(root, ("coco",)).examples("train"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: (r / "classes.json").unlink(), 'json: no such file; it must hold {"classes"'),
        (lambda r: (r / "classes.json").write_text("[1]"), "must hold"),
        (lambda r: (r / "classes.json").write_text('{"classes": "ab"}'), "a list of names"),
        (lambda r: (r / "images/train/000.jpg").unlink(), "there is no image images/train/000"),
        (lambda r: (r / "images").rename(r / "pictures"), "images: no such directory"),
        (lambda r: (r / "masks").rename(r / "labels"), "masks: no such directory"),
    ],
)
def test_missing_pieces_are_named(tmp_path, spoil, said):
    root = raw_folders.write_folder(tmp_path)
    spoil(root)
    with pytest.raises(FoiError, match=said):
        find(root)


def test_wrong_arguments_are_named(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    with pytest.raises(FoiError, match="no such directory"):
        find(tmp_path / "none")
    with pytest.raises(FoiError, match="unknown format 'mask'; did you mean 'masks'"):
        find(root, ("mask",))
    with pytest.raises(FoiError, match="name 'My Set' must consist of"):
        custom_dataset.find_custom_dataset(root, ["masks"], "My Set", "aerial", None)
    with pytest.raises(FoiError, match="unknown domain"):
        custom_dataset.find_custom_dataset(root, ["masks"], "mine", "arial", None)


def flatten(root):
    """Takes the pictures out of their split's folders; returns their stems."""
    for kind in ("images", "masks"):
        for path in sorted((root / kind).rglob("*.*")):
            path.rename(root / kind / f"{path.parent.name}{path.name}")
    return [path.stem for path in sorted((root / "images").glob("*.jpg"))]


def test_lists_make_the_splits(tmp_path):
    root = raw_folders.write_folder(tmp_path, train=4, val=2, boxes=False)
    stems = flatten(root)
    raw_folders.write_text(root / "train.txt", "\n".join(stems[:3]))
    raw_folders.write_text(root / "val.txt", f"./images/{stems[3]}.jpg\n{stems[4]}\n")
    found = find(root)
    assert [e["id"] for e, _ in found.examples("train")] == stems[:3]
    assert [e["id"] for e, _ in found.examples("val")] == stems[3:5]
    raw_folders.write_text(root / "val.txt", f"{stems[3]}\nnone")
    with pytest.raises(FoiError, match=r"val\.txt: line 2: there is no image images/none"):
        find(root)
    raw_folders.write_text(root / "val.txt", stems[0])
    with pytest.raises(FoiError, match=r"is listed in train\.txt, line 1 already"):
        find(root)
    (root / "val.txt").write_bytes(b"caf\xe9")
    with pytest.raises(FoiError, match=r"val\.txt: line 1 is not text"):
        find(root)


def test_flat_folders_are_split_by_a_fraction(tmp_path):
    root = raw_folders.write_folder(tmp_path, train=6, val=2, boxes=False)
    stems = flatten(root)
    found = find(root, fraction=0.25)
    assert (found.dataset.train, found.dataset.val) == (6, 2)
    assert sorted(e["id"] for s in ("train", "val") for e, _ in found.examples(s)) == stems
    raw_folders.save_image(root / "masks/stray.png", np.zeros((48, 64), np.uint8))
    with pytest.raises(FoiError, match=r"stray\.png: there is no image images/stray"):
        find(root, fraction=0.25)


def test_an_image_in_different_splits_of_two_formats_is_named():
    def one(**splits):
        loaders = {split: dict.fromkeys(names, len) for split, names in splits.items()}
        return reader_result.ReaderResult(classes={}, splits=loaders)

    lists, folder = one(train=["a.jpg"], val=["b.jpg"]), one(train=["a.jpg", "b.jpg"])
    with pytest.raises(FoiError, match=r"b\.jpg is in val by yolo, but in train by masks"):
        custom_dataset._merge_formats([lists, folder], ["yolo", "masks"], "mine")
    merged = custom_dataset._merge_formats([lists, lists], ["yolo", "coco"], "mine")
    assert merged == {"train": {"a.jpg": (len, len)}, "val": {"b.jpg": (len, len)}}
