"""Tests folders as people have them: other names, other suffixes, files that tools spoiled."""

import json
import os
import re
import unicodedata

import numpy as np
import PIL.Image
import pytest

from foi_tf.data.convert import (
    doubts,
    format_detection,
    image_files,
    inventory,
    mistakes,
    raw_files,
    shards,
)
from foi_tf.data.convert.readers import flip_pairs
from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import find


def write_masks(root, **options):
    return raw_folders.write_folder(root, boxes=False, **options)


def rename_splits(root, names, kinds=("images", "masks")):
    for kind in kinds:
        for old, new in names.items():
            (root / kind / old).rename(root / kind / new)


def problems(root, *formats):
    return inventory.inspect_custom(root, formats, None).problems


@pytest.mark.parametrize(
    ("train", "val"), [("Train", "Val"), ("train2017", "val2017"), ("TRAINING", "Validation_2024")]
)
def test_splits_are_known_in_any_case_and_with_a_year(tmp_path, train, val):
    root = write_masks(tmp_path)
    rename_splits(root, {"train": train, "val": val})
    assert (find(root, "masks").dataset.train, find(root, "masks").dataset.val) == (8, 4)


def test_folders_that_seem_to_be_splits_do_not_become_training_images(tmp_path):
    root = write_masks(tmp_path)
    rename_splits(root, {"train": "my_train", "val": "my_val"})
    with pytest.raises(FoiError, match=r"images: the folders my_train and my_val seem to be the "):
        find(root, "masks", fraction=0.2)
    rename_splits(root, {"my_train": "train2014", "my_val": "Train"})
    assert find(root, "masks", fraction=0.25).dataset.train == 9  # Both are of one split.
    rename_splits(root, {"train2014": "site_train", "Train": "other"})  # A place with trains.
    assert find(root, "masks", fraction=0.25).dataset.train == 9


def test_one_class_is_refused_with_the_remedy(tmp_path):
    root = write_masks(tmp_path)
    (root / "classes.json").write_text('{"classes": ["lesion"]}')
    for path in root.glob("masks/*/*.png"):
        mask = np.where(np.asarray(PIL.Image.open(path)) > 0, 255, 0).astype("u1")
        raw_folders.save_image(path, mask)
    assert re.search(
        r"hold only 0 and 255.*'lesion' is the only class; .*name the background before it in "
        r"classes\.json, and give foi-prepare --format=binary_masks",
        problems(root, "masks")[0],
    )
    for path in root.glob("masks/*/*.png"):
        raw_folders.save_image(path, np.zeros((48, 64), "u1"))
    (doubt, *_) = inventory.inspect_custom(root, ["masks"], None).warnings
    assert "any mask is right; name the background, too" in doubt


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["nose", "left_eye", "right_eye"], ((1, 2),)),
        (["LEye", "REye", "tail"], ((0, 1),)),
        (["r_ear", "l_ear"], ((1, 0),)),
        (["KneeL", "KneeR", "HIP_L", "HIP_R"], ((0, 1), (2, 3))),
        (["Leftpaw", "rightPaw"], ((0, 1),)),
        (["1", "2"], ()),
        (["left", "leaf"], ()),
    ],
)
def test_sides_are_told_by_names(names, pairs):
    assert flip_pairs.find_flip_pairs(names) == pairs


def test_poses_without_a_left_and_a_right_are_doubted(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path, pose=True)
    path = root / "data.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("flip_idx")]
    path.write_text("\n".join(line for line in kept if not line.startswith("kpt_names")))
    assert "none of its 4 keypoints are known as a left and a" in " ".join(
        find(root, "yolo").doubts
    )
    path.write_text("\n".join([*kept, "flip_idx: [0, 1, 2, 3]"]))
    assert not find(root, "yolo").doubts and not find(root, "yolo").dataset.flip_pairs


@pytest.mark.parametrize("visibility", [-1, 0.5])
def test_other_visibilities_are_refused(tmp_path, visibility):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick",))
    path = root / "annotations/train.json"
    content = json.loads(path.read_text())
    next(one for one in content["annotations"] if "keypoints" in one)["keypoints"][2] = visibility
    path.write_text(json.dumps(content))
    assert "must be finite (y, x, visibility 0, 1 or 2)" in problems(root, "coco")[0]


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12\x01"])
def test_broken_exif_is_left_aside(tmp_path, exif):
    root = write_masks(tmp_path)
    image = PIL.Image.open(root / "images/train/000.jpg")
    image.save(root / "images/train/000.jpg", exif=exif, dpi=(72, 72))
    assert not problems(root, "masks")


def test_images_that_differ_in_their_suffix_are_named_by_check_too(tmp_path):
    root = write_masks(tmp_path)
    PIL.Image.open(root / "images/train/000.jpg").save(root / "images/train/000.PNG")
    assert re.search(
        r"images: train/000\.PNG, train/000\.jpg differ only in what stands behind the dot",
        problems(root, "masks")[0],
    )


def test_such_images_of_classes_and_of_coco_are_told_apart(tmp_path):
    root = raw_folders.write_classes(tmp_path)
    path = next(root.glob("train/*/*.jpg"))
    PIL.Image.open(path).save(path.with_suffix(".png"))
    found = find(root, "folders")
    ids = [entry.id for entry in shards.sort_entries("train", found.splits["train"])]
    name = path.relative_to(root).as_posix()
    assert {name, raw_files.stem(name) + ".png"} <= set(ids) and len(ids) == 5


def test_errors_of_masks_name_the_mask_and_a_remedy(tmp_path):
    root = write_masks(tmp_path)
    raw_folders.save_image(root / "masks/val/001.png", np.zeros((9, 9), "u1"))
    raw_folders.save_image(root / "masks/val/002.png", np.full((48, 64), 7, "u1"))
    size, label = problems(root, "masks")
    assert re.search(r"nearest neighbor.*\(annotated by .*masks/val/001\.png\)", size)
    assert re.search(r"label 7,.*name a class for it.*masks/val/002\.png\)", label)


@pytest.mark.parametrize(
    ("mode", "remedy"), [("1", "--format=binary_masks"), ("F", "depth in millimeters")]
)
def test_modes_of_masks_have_a_remedy(tmp_path, mode, remedy):
    PIL.Image.new(mode, (8, 8)).save(tmp_path / "a.tif")
    with pytest.raises(FoiError, match=remedy):
        image_files.read_labels(tmp_path / "a.tif")


def test_lossy_masks_are_refused_whatever_they_are_called(tmp_path):
    PIL.Image.new("L", (8, 8)).save(tmp_path / "a.png", "JPEG")
    with pytest.raises(FoiError, match="is compressed as JPEG, which changes labels"):
        image_files.read_labels(tmp_path / "a.png")


@pytest.mark.parametrize("row", ["1 0.5 0.5 nan 0.2", "1 0,5 0.5 0.2 0.2", "dog 0.5 0.5 0.2 0.2"])
def test_a_wrong_row_of_yolo_is_named_soon(tmp_path, row):
    root, _ = raw_folders.write_yolo(tmp_path)
    path = next((root / "labels/train").iterdir())
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(["0 0.512345 0.512345 0.2 0.2"] * 40).encode())
    assert format_detection.choose_format(root) == ("yolo",)
    path.write_text("\n".join([*["0 0.512345 0.512345 0.2 0.2"] * 40, row, ""]))
    assert format_detection.choose_format(root) == ("yolo",)
    assert f"{path.name}: line 41: " in problems(root, "yolo")[0]


def test_every_broken_image_is_listed_beside_other_errors(tmp_path):
    root = write_masks(tmp_path)
    for name in ("000", "001"):
        (root / f"images/train/{name}.jpg").write_bytes(b"<html>")
    raw_folders.save_image(root / "masks/val/001.png", np.zeros((9, 9), "u1"))
    assert len(problems(root, "masks")) == 3
    for path in root.glob("images/train/*.jpg"):
        path.write_bytes(b"")
    assert "not a whole image" in problems(root, "masks")[0]


def mark_kinds(path):
    with doubts.collect() as found:
        image_files.read_image(path)
    return [kind for kind, _ in found.marks]


def test_dark_colors_of_16_bits_and_hidden_ones_are_marked(tmp_path):
    cv2 = pytest.importorskip("cv2")
    ramp = np.tile(np.arange(64, dtype="u2")[:, None, None], (1, 64, 3))
    for name in ("a.png", "a.tif"):
        cv2.imwrite(str(tmp_path / name), ramp * 64)
        assert mark_kinds(tmp_path / name) == ["dark"]
        cv2.imwrite(str(tmp_path / name), ramp * 1024)
        assert mark_kinds(tmp_path / name) == []
    for name, mode, color in (("b.webp", "RGBA", (1, 2, 3, 9)), ("b.png", "LA", (1, 9))):
        PIL.Image.new(mode, (8, 8), color).save(tmp_path / name)
        assert mark_kinds(tmp_path / name) == ["transparent"]


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_cut_animations_and_pages_are_read_in_part_or_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (5, 40, 60), "u1")
    frames = [PIL.Image.fromarray(one) for one in noise]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert mark_kinds(path) == ["pages"]
    data, named = path.read_bytes(), 0
    for share in np.arange(0.05, 1, 0.05):
        path.write_bytes(data[: int(share * len(data))])
        try:
            image_files.read_image(path)
        except FoiError as error:
            named += f"a.{suffix}: not a whole image" in str(error)
    assert named


def test_names_in_another_encoding_are_refused(tmp_path):
    root = write_masks(tmp_path)
    try:
        (root / "images/train/000.jpg").rename(root / "images/train" / os.fsdecode(b"caf\xe9.jpg"))
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    assert re.search(r"the file name 'images/train/caf\\udce9\.jpg' is not in UTF-8; rename",
                     problems(root, "masks")[0])  # fmt: skip


@pytest.mark.parametrize("form", ["masks", "coco", "yolo"])
def test_letters_may_be_composed_or_not(tmp_path, form):
    root = {
        "masks": write_masks,
        "coco": lambda root: raw_folders.write_folder(root, masks=False),
        "yolo": lambda root: raw_folders.write_yolo(root)[0],
    }[form](tmp_path)
    named = unicodedata.normalize("NFC", "é")
    (root / "images/train/000.jpg").rename(
        root / f"images/train/{unicodedata.normalize('NFD', named)}.jpg"
    )
    if form == "coco":
        path = root / "annotations/train.json"
        path.write_text(path.read_text().replace("train/000.jpg", f"train/{named}.jpg"))
    else:
        folder, suffix = ("masks", "png") if form == "masks" else ("labels", "txt")
        (root / f"{folder}/train/000.{suffix}").rename(root / f"{folder}/train/{named}.{suffix}")
    found = find(root, form)
    assert not found.doubts and f"train/{named}" in [entry.id for entry in found.splits["train"]]
    (example,) = (e for e, _ in found.examples("train") if e["id"] == f"train/{named}")
    assert len(example["mask" if form == "masks" else "boxes"])


def test_folders_of_tests_need_no_classes(tmp_path):
    root = raw_folders.write_classes(tmp_path)
    (root / "test").mkdir()
    PIL.Image.open(next(root.glob("train/*/*.jpg"))).save(root / "test/1.jpg")
    assert format_detection.choose_format(root) == ("folders",)
    assert find(root, "folders").dataset.train == 4


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ([[-2, -3, 8, 9], [10, 10, 20, 20]], "their corner stood where the center belongs"),
        ([[-2, -3, 8, 9]], "their corner stood where the center belongs"),
        ([[40, 50, 50, 70], [10, 10, 20, 20]], "their center stood where the corner belongs"),
    ],
)
def test_boxes_by_center_and_by_corner_are_told_apart(boxes, said):
    found = mistakes.explain_boxes(np.asarray(boxes, np.float32), (48, 64))
    assert found == f"as if {said}"
