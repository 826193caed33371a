"""Tests that own data which is not what was meant is refused or doubted, with the remedy."""

import json
import re

import cv2
import numpy as np
import PIL.Image
import pytest

from foi_tf.data.convert import builder, inventory, shards
from foi_tf.data.convert.audit import collect
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.records.prepared_datasets import load_prepared
from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import find

SIZE = (48, 64)


def check(root, *formats):
    """Returns the errors and the warnings of a raw folder."""
    found = inventory.inspect_custom(root, list(formats), None)
    return list(found.problems), list(found.warnings)


def repaint(root, change, split="*"):
    """Changes all masks; `change` maps an array to another one."""
    for path in sorted(root.glob(f"masks/{split}/*.png")):
        PIL.Image.fromarray(change(np.asarray(PIL.Image.open(path)))).save(path)


def edit(root, change, split="*"):
    """Changes the content of the JSON files of annotations in place."""
    for path in root.glob(f"annotations/{split}.json"):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))


def each_box(change):
    """Makes an edit that replaces the box of each annotation."""

    def change_all(content):
        for one in content["annotations"]:
            one["bbox"] = change(*one["bbox"])
            one.pop("area", None)

    return change_all


def each_annotation(**values):
    return lambda content: [one.update(values) for one in content["annotations"]]


def write_boxes(root, **options):
    return raw_folders.write_folder(root, masks=False, **options)


@pytest.mark.parametrize(
    ("change", "certain", "said"),
    [
        (lambda m: np.where(m > 0, 255, 0).astype("u1"), True,
         r"all 8 masks .* hold only 0 and 255.* and none shows 'brick'.*--format=binary_masks"),
        (lambda m: np.full_like(m, 255), True, r"all pixels of its 8 masks are ignored"),
        (lambda m: m * 0, True, "all labeled pixels are of class 'ground'"),
        (lambda m: np.where(m == 2, 0, m).astype("u1"), False,
         "train: 1 class of 3 without a pixel: 'leaf'"),
        (lambda m: np.where(m == 0, 1, m).astype("u1"), False,
         r"without a pixel: 'ground'.*if ids count from 1"),
        (lambda m: np.where(m == 0, 255, m).astype("u1"), False,
         r"255, which is ignored, covers \d+ % of the pixels; over a quarter in all 8 masks"),
        (lambda m: np.pad(np.ones((1, 1), "u1"), ((0, 47), (0, 63))), False,
         "train: 'ground' covers 99.97 % of the labeled pixels"),
        (lambda m: np.eye(48, 64, dtype="u1"), False, "all 8 images have the same annotations"),
        (lambda m: m + 1, True, "label 3, but .* its lowest is 1: if its ids count from 1"),
        (lambda m: m.T.copy(), True, r"mask is 64x48, but its image is 48x64; .*turned by 90"),
        (lambda m: (np.arange(48 * 64) % 199).astype("u1").reshape(48, 64), True,
         "it has 196 such values, as a mask that was compressed"),
    ],
)  # fmt: skip
def test_masks_that_are_not_meant_are_told(tmp_path, change, certain, said):
    root = raw_folders.write_folder(tmp_path, boxes=False)
    assert check(root, "masks") == ([], [])
    repaint(root, change)
    problems, warnings = check(root, "masks")
    assert any(re.search(said, text) for text in (problems if certain else warnings))
    assert certain == bool(problems)


def test_some_blank_masks_are_doubted_by_name(tmp_path):
    root = raw_folders.write_folder(tmp_path, boxes=False)
    for name in ("train/001", "train/004"):
        raw_folders.save_image(root / f"masks/{name}.png", np.full(SIZE, 255, "u1"))
    problems, warnings = check(root, "masks")
    assert not problems
    (blank,) = [text for text in warnings if "without a labeled pixel" in text]
    assert blank.startswith("train: 2 of 8 masks (train/001.jpg, train/004.jpg) without")


def test_masks_with_other_palettes_are_doubted(tmp_path):
    root = raw_folders.write_folder(tmp_path, boxes=False)
    for index, path in enumerate(sorted(root.glob("masks/train/*.png"))):
        picture = PIL.Image.open(path).convert("P")
        picture = PIL.Image.fromarray(np.asarray(PIL.Image.open(path)), "P")
        picture.putpalette([9, 9, 9, 200, 60 + 100 * (index == 5), 40, 40, 180, 60])
        picture.save(path)
    (warning,) = check(root, "masks")[1]
    assert "1 is (200, 60, 40) in train/000.png" in warning and "train/005.png" in warning


@pytest.mark.parametrize(
    ("change", "certain", "said"),
    [
        (lambda c: c.update(annotations=[]), True,
         r"no box in any of its 8 images; looked for annotations/\{split\}\.json"),
        (each_box(lambda x, y, w, h: [x / 64, y / 48, w / 64, h / 48]), True,
         r"boxes of all 8 images .* are within the first pixel; .*multiply"),
        (each_box(lambda x, y, w, h: [x, y, x + w, y + h]), True,
         "as if the second corner stood where width and height belong"),
        (each_box(lambda x, y, w, h: [2 * x, 2 * y, 2 * w, 2 * h]), True,
         "as if the boxes belonged to a larger version"),
        (each_box(lambda x, y, w, h: [y, x, h, w]), True, "as if x and y were swapped"),
        (lambda c: [one.update(width=128, height=96) for one in c["images"]], True,
         "has 48x64 pixels, but its annotations are of 96x128"),
        (lambda c: [one.update(width=48, height=64) for one in c["images"]], True,
         "annotations are of 64x48 .* turned by 90 degrees"),
        (lambda c: [one.update(width=64, height=48) for one in c["images"]], False, None),
        (lambda c: c["categories"][1].update(name="brick"), True,
         "two classes of detection have the name 'brick'"),
        (lambda c: c["categories"][1].update(name=" "), True, "class 1 of detection has an empty"),
        (lambda c: c["categories"][1].update(name="Bricks "), False,
         "'brick' and 'Bricks ' are different classes of detection, but look like one"),
        (lambda c: c["categories"][1].update(name="caf\u00c3\u00a9"), False,
         "looks like 'caf\u00e9' in a mistaken encoding"),
        (lambda c: c["categories"].append({"id": 77, "name": "never"}), False,
         "train: 1 class of 3 without a box: 'never'"),
        (each_annotation(iscrowd=1), True,
         "train: all 16 boxes are of crowds, which are ignored; nothing can be learned"),
        (each_annotation(area=-1), True, "box_areas 0 is -1 pixels"),
        (each_annotation(area=1e9), True, r"box_areas 0 is 1e\+09 pixels, but must be from 0 to"),
        (each_annotation(area=0.01), False, "'area' of 16 of 16 boxes is below 1 %"),
    ],
)  # fmt: skip
def test_boxes_that_are_not_meant_are_told(tmp_path, change, certain, said):
    root = write_boxes(tmp_path)
    assert check(root, "coco") == ([], [])
    edit(root, change)
    problems, warnings = check(root, "coco")
    assert certain == bool(problems)
    if said is None:
        assert not warnings
    else:
        assert any(re.search(said, text) for text in (problems if certain else warnings))


def test_boxes_in_a_corner_and_whole_ones_are_doubted(tmp_path):
    root = write_boxes(tmp_path, train=12)
    edit(root, each_box(lambda x, y, w, h: [x / 2, y / 2, w / 2, h / 2]))
    assert "in the upper left quarter of their images" in check(root, "coco")[1][0]
    edit(root, each_box(lambda *_: [0, 0, 64, 48]))
    assert "all 24 boxes cover their whole image" in "".join(check(root, "coco")[1])


def test_a_folder_without_objects_is_doubted(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path, train=4)
    for index in range(3):
        raw_folders.save_image(root / f"images/train/b/{index}.jpg", np.full((48, 64, 3), index))
    (warning,) = check(root, "yolo")[1][:1]
    assert re.search(r"no box in all 3 images \(b/0\.jpg.* of the folder 'b'", warning)


@pytest.mark.parametrize(
    ("change", "certain", "said"),
    [
        (lambda k: [0 if i % 3 == 2 else v for i, v in enumerate(k)], True, "no labeled keypoint"),
        (lambda k: [v if i % 3 == 2 else 0 for i, v in enumerate(k)], True,
         r"24 of 24 labeled keypoints are in the corner \(0, 0\)"),
        (lambda k: [v if i % 3 == 2 else v / (640, 48)[i % 3] for i, v in enumerate(k)], True,
         "keypoints of all 8 images .* are within the first pixel"),
        (lambda k: [k[i + (1, -1, 0)[i % 3]] for i in range(12)], False,
         "far outside their boxes; x and y seem swapped"),
    ],
)  # fmt: skip
def test_keypoints_that_are_not_meant_are_told(tmp_path, change, certain, said):
    root = write_boxes(tmp_path, size=(48, 640), boxes=False, keypoints=("leaf",))
    edit(root, lambda c: c.update(categories=c["categories"][1:]))
    edit(root, lambda c: c.update(annotations=[a for a in c["annotations"] if "keypoints" in a]))
    problems, warnings = check(root, "coco")
    assert not problems and "without a labeled keypoint: 'absent'" in warnings[0]
    edit(root, lambda c: [a.update(keypoints=change(a["keypoints"])) for a in c["annotations"]])
    problems, warnings = check(root, "coco")
    assert any(re.search(said, text) for text in (problems if certain else warnings))


@pytest.mark.parametrize(
    ("change", "certain", "said"),
    [
        (lambda d: d // 1000, True, r'depth is around 0\.00\d m; .*\{"unit": "meter"\}'),
        (lambda d: np.full_like(d, 1500), False, r"all 8 depth maps \(.*\) with one value only"),
        (lambda d: np.where(np.arange(64) < 30, 65535, d).astype("u2"), False,
         r'over a quarter of the known pixels have the largest value; .*\{"invalid": 65535\}'),
        (lambda d: d * 0, True, "train: no image is annotated for depth"),
    ],
)  # fmt: skip
def test_depth_that_is_not_meant_is_told(tmp_path, change, certain, said):
    root = raw_folders.write_folder(tmp_path, masks=False, boxes=False, depth=True)
    assert not check(root, "depth")[0]
    for path in root.glob("depth/*/*.png"):
        raw_folders.save_image(path, change(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)))
    problems, warnings = check(root, "depth")
    assert any(re.search(said, text) for text in (problems if certain else warnings))


def test_inverse_depth_is_doubted(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, boxes=False, depth=True, train=12)
    for index, path in enumerate(sorted(root.glob("depth/*/*.png"))):
        ramp = np.linspace(1000, 9000 + index, 48).astype("u2")
        raw_folders.save_image(path, np.tile(ramp[:, None], (1, 64)))
    assert "with the bottom farther than the top" in "".join(check(root, "depth")[1])


def test_images_that_splits_share_and_copies_are_doubted(tmp_path):
    root = raw_folders.write_folder(tmp_path, boxes=False)
    data = (root / "images/train/003.jpg").read_bytes()
    (root / "images/val/001.jpg").write_bytes(data)
    (root / "images/train/005.jpg").write_bytes(data)
    warnings = check(root, "masks")[1]
    assert any("1 image there more than once with different annotations" in w for w in warnings)
    assert any(
        re.search(r"val: 1 of 4 images are training images too \(val/001\.jpg = ", w)
        for w in warnings
    )


def test_classes_without_images_are_told(tmp_path):
    root = raw_folders.write_classes(tmp_path)
    raw_folders.write_text(root / "classes.json", '{"classes": ["ground", "brick", "leaf", "x"]}')
    assert "without a single image: 'x'" in check(root, "folders")[1][0]
    for path in root.glob("*/*/*.jpg"):
        path.rename(path.parents[1] / "brick" / f"{path.parent.name}{path.name}")
    assert "all images are of class 'brick'" in check(root, "folders")[0][0]


def test_files_that_are_left_out_are_counted(tmp_path):
    root = raw_folders.write_folder(tmp_path, boxes=False)
    (root / "masks/train/002.png").unlink()
    np.save(root / "masks/train/002.npy", np.zeros(SIZE, "u1"))
    (root / "images/train/new.heic").write_bytes(b"heic")
    hidden = root / "images/train/.ipynb_checkpoints/000-checkpoint.jpg"
    raw_folders.save_image(hidden, np.zeros((48, 64, 3)))
    (root / "images/val/._000.jpg").write_bytes(b"mac")
    problems, warnings = check(root, "masks")
    assert not problems
    assert any("masks: left out 1 file of types that are not read (train/002.npy)" in w
               for w in warnings)  # fmt: skip
    assert any(
        "left out 1 of 8 images without an annotation (train/002.jpg)" in w for w in warnings
    )
    assert any("images: left out 1 file of types that are not read (train/new.heic)" in w
               for w in warnings)  # fmt: skip
    assert any("left out 2 hidden files (images/train/.ipynb_checkpoints" in w for w in warnings)
    (root / "masks/train/002.npy").rename(root / "masks/train/002.jpg")
    assert "compressed with loss, which changes labels" in check(root, "masks")[0][0]


def test_warnings_stay_with_the_dataset_and_errors_prepare_nothing(tmp_path, capsys):
    root = raw_folders.write_folder(tmp_path / "raw", boxes=False)
    repaint(root, lambda m: np.where(m == 2, 0, m).astype("u1"), "val")
    done = builder.build_records(find(root, "masks"), tmp_path)
    assert done.warnings == (
        "val: 1 class of 3 without a pixel: 'leaf'; the metric leaves them out or counts them as "
        "wrong",
    )
    assert f"warning: mine: {done.warnings[0]}" in capsys.readouterr().err
    assert builder.build_records(find(root, "masks"), tmp_path).warnings == done.warnings
    assert done.warnings[0] in capsys.readouterr().err
    (done.directory / "foi_warnings.json").unlink()  # Data of version 0.1.
    assert load_prepared(tmp_path, "mine").warnings == ()
    repaint(root, lambda m: np.where(m > 0, 255, 0).astype("u1"))
    with pytest.raises(FoiError, match=r"mine: train: all 8 masks .* 255.*\(and 1 more"):
        builder.build_records(find(root, "masks"), tmp_path / "other")
    assert not (tmp_path / "other/mine/1.0.0/foi_dataset.json").exists()


def test_tallies_of_shards_and_of_records_agree(tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw", depth=True, keypoints=("leaf",), train=40)
    found = find(root, "masks", "coco", "depth")
    whole = {split: Tally() for split in ("train", "val")}
    for split, entries in found.splits.items():
        for entry in entries:
            collect.load_and_observe(entry, found.dataset, whole[split])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "remove_work_files", lambda _: None)
        done = builder.build_records(found, tmp_path)
    parts = shards.read_tallies(found.dataset, found.splits, done.directory)
    again = collect.observe_records(done)
    for split, tally in whole.items():
        for other in (parts[split], Tally.from_json(tally.to_json()), again[split]):
            assert other.sums == pytest.approx(tally.sums, rel=1e-5)
        assert parts[split].names == tally.names and parts[split].digests == tally.digests


def test_labels_without_an_image_are_counted(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path)
    raw_folders.write_text(root / "labels/train/classes.txt", "brick")
    raw_folders.write_text(root / "labels/classes.txt", "brick\nleaf")
    (root / "images/train/002.jpg").rename(root / "images/train/002.heic")
    warnings = check(root, "yolo")[1]
    assert any("images: left out 1 file of types that are not read" in text for text in warnings)
    assert any(
        "labels: left out 1 of 6 files without an image that is read (train/002.txt)" in text
        for text in warnings
    )
