"""Tests masks in colors, binary masks and those of VOC devkits."""

import json
import shutil

import cv2
import numpy as np
import pytest

from foi_tf.data.convert import custom_dataset, format_detection
from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import examples, find

COLORS = {"background": [0, 0, 0], "brick": [200, 60, 40], "leaf": [40, 180, 60]}
TABLE = {"classes": list(COLORS), "colors": list(COLORS.values())}
LABEL_MAP = "# label:color_rgb:parts:actions\n" + "".join(
    f"{name}:{','.join(map(str, color))}::\n" for name, color in COLORS.items()
)


def write(root, table=None, path="classes.json", spoil=None):
    """Writes masks in colors and a table; returns the root and the masks by stem."""
    raw_folders.write_folder(root, boxes=False, train=2, val=1)
    (root / "classes.json").unlink()
    masks = {}
    for file in sorted((root / "masks").rglob("*.png")):
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        masks[file.relative_to(root / "masks").with_suffix("").as_posix()] = mask
        colored = np.asarray(list(COLORS.values()), np.uint8)[mask]
        if spoil:
            spoil(colored)
        raw_folders.save_image(file, colored[..., ::-1])
    if table:
        raw_folders.write_text(root / path, table if isinstance(table, str) else json.dumps(table))
    return root, masks


@pytest.mark.parametrize(
    ("table", "path"),
    [
        (TABLE, "classes.json"),
        ({"classes": list(COLORS), "colors": COLORS}, "classes.json"),
        ({"classes": [{"name": n, "color": c} for n, c in COLORS.items()]}, "classes.json"),
        (LABEL_MAP, "labelmap.txt"),
        ("name,r,g,b\nbackground,0,0,0\nbrick, 200,60,40\nleaf,40,180,60\n", "class_dict.csv"),
    ],
)
def test_colors_become_classes_by_the_table_of_the_folder(tmp_path, table, path):
    root, masks = write(tmp_path, table, path)
    assert find(root, "masks").dataset.names == {"segmentation": tuple(COLORS)}
    for example in examples(root, "masks"):
        assert np.array_equal(example["mask"], masks[example["id"]])


def test_a_table_may_lie_elsewhere_and_name_colors_to_ignore(tmp_path):
    root, masks = write(tmp_path / "raw")
    table = tmp_path / "colors.json"
    table.write_text(json.dumps({"background": "#000000", "brick": "#C83C28", "ignore": "#28b43c"}))
    found = custom_dataset.find_custom_dataset(
        root, ["masks"], "mine", "indoor", None, colors=str(table)
    )
    for example, _ in found.examples("train"):
        expected = masks[example["id"]]
        assert np.array_equal(example["mask"], np.where(expected == 2, 255, expected))


def test_unknown_colors_are_counted_and_a_few_are_ignored(tmp_path):
    def spoil(colored):
        colored[0, :3] = (1, 2, 3)

    root, _ = write(tmp_path / "few", TABLE, spoil=spoil)
    assert (examples(root, "masks")[0]["mask"][0, :3] == 255).all()

    def spoil_more(colored):
        colored[:4, :3] = (1, 2, 3)
        colored[5, :2] = 9

    root, _ = write(tmp_path / "many", TABLE, spoil=spoil_more)
    said = (
        r"000\.png: 2 colors \(\(1, 2, 3\), \(9, 9, 9\)\) not in the table of 3 colors \(0\.456 %"
    )
    with pytest.raises(FoiError, match=said):
        examples(root, "masks")


def test_masks_in_colors_without_a_table_name_their_colors(tmp_path):
    root, _ = write(tmp_path, {"classes": list(COLORS)})
    said = r"000\.png: has 3 colors \(\(0, 0, 0\).*say which class has which color.*--colors"
    with pytest.raises(FoiError, match=said):
        examples(root, "masks")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"colors": {"a": [0, 0]}}, r"a: must be a color as \[128, 64, 128\], not \[0, 0\]"),
        ({"colors": {"a": [0, 0, 256]}}, "a: the parts of a color must be from 0 to 255"),
        ({"colors": {"a": "#000000", "b": [0, 0, 0]}}, "'a' and 'b' have the same color"),
        ({"classes": ["a"], "colors": [[0, 0, 0], [1, 1, 1]]}, "must hold a color for each"),
        ({"classes": ["a"], "colors": {"b": [0, 0, 0]}}, "must hold a color for each class"),
        ({"classes": [], "colors": []}, "holds no color of a class"),
    ],
)
def test_mistakes_in_tables_are_named(tmp_path, table, said):
    root, _ = write(tmp_path, table)
    with pytest.raises(FoiError, match=rf"classes\.json: {said}"):
        find(root, "masks")


def test_gray_values_are_colors_too(tmp_path):
    root = raw_exports.write_export(tmp_path, "binary_masks")
    colors = {"background": [0, 0, 0], "lesion": [255, 255, 255]}
    (root / "labelmap.txt").write_text("background:0,0,0::\nlesion:255,255,255::\n")
    binary, gray = (examples(root, form)[0]["mask"] for form in ("binary_masks", "masks"))
    assert binary.max() == 1 and np.array_equal(binary, gray)
    # Beside names, colors are of no account for masks of ids, unless they are asked for.
    table = {"classes": list(colors), "colors": colors}
    (root / "classes.json").write_text(json.dumps(table))
    assert examples(root, "masks")[0]["mask"].max() == 255
    found = custom_dataset.find_custom_dataset(
        root, ["masks"], "mine", "indoor", None, colors="classes.json"
    )
    assert np.array_equal(next(found.examples("train"))[0]["mask"], binary)


def test_binary_masks_have_two_values(tmp_path):
    root = raw_exports.write_export(tmp_path, "binary_masks")
    assert find(root, "binary_masks").dataset.names["segmentation"] == ("background", "foreground")
    raw_folders.save_image(
        root / "masks/train/000.png", np.tile(np.uint8([0, 127, 255, 0]), (48, 16))
    )
    with pytest.raises(
        FoiError, match=r"000\.png: a binary mask has 0 and one other .* \(127, 255\)"
    ):
        examples(root, "binary_masks")
    (root / "classes.json").write_text('{"classes": ["a", "b", "c"]}')
    with pytest.raises(FoiError, match="binary masks have two classes, not 3"):
        find(root, "binary_masks")


@pytest.mark.parametrize("lists", [("train", "val"), ("default",)])
def test_masks_of_a_devkit(tmp_path, lists):
    root, masks = write(tmp_path, LABEL_MAP, "labelmap.txt")
    (root / "JPEGImages").mkdir()
    (root / "SegmentationClass").mkdir()
    for stem in masks:
        flat = f"my {stem.replace('/', '_')}"
        (root / f"images/{stem}.jpg").rename(root / f"JPEGImages/{flat}.jpg")
        (root / f"masks/{stem}.png").rename(root / f"SegmentationClass/{flat}.png")
    for folder in ("masks/train", "masks/val", "masks", "images/train", "images/val", "images"):
        (root / folder).rmdir()
    for name in lists:
        stems = [
            f"my {s.replace('/', '_')}\n" for s in masks if name in ("default", s[: len(name)])
        ]
        raw_folders.write_text(root / f"ImageSets/Segmentation/{name}.txt", "".join(stems))
    found = find(root, "masks", fraction=None if "val" in lists else 0.34)
    assert (found.dataset.train, found.dataset.val) == (2, 1)
    for example, _ in found.examples("train"):
        assert np.array_equal(example["mask"], masks[example["id"][3:].replace("_", "/", 1)])


def test_masks_may_be_called_masks_and_lists_may_have_other_machines_paths(tmp_path):
    root = raw_exports.write_export(tmp_path, "binary_masks")
    for path in sorted((root / "masks").rglob("*.png")):
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    listed = "".join(f"C:\\\\set\\\\images\\\\train\\\\00{i}.jpg\r\n" for i in range(3))
    raw_folders.write_text(root / "train.txt", listed.replace("\\\\", "\\"))
    raw_folders.write_text(root / "valid.txt", "/content/set/images/val/000.jpg\n")
    assert [e["id"] for e in examples(root, "binary_masks")] == [f"train/00{i}" for i in range(3)]
    assert find(root, "binary_masks").dataset.val == 1


def test_masks_of_images_that_are_not_read_say_so(tmp_path):
    root = raw_exports.write_export(tmp_path, "binary_masks")
    (root / "images/train/000.jpg").rename(root / "images/train/000.heic")
    with pytest.raises(FoiError, match=r"000\.png: its image images/train/000\.heic is there, but"):
        find(root, "binary_masks")


def write_beside(root, table="Pixel Value, Class\n0, background\n1, brick\n2, leaf\n"):
    """Writes masks beside the images as Roboflow does; returns the root."""
    raw_folders.write_folder(root, boxes=False, train=2, val=1)
    (root / "classes.json").unlink()
    for split, folder in (("train", "train"), ("val", "valid")):
        for path in sorted((root / "images" / split).iterdir()):
            target = root / folder / path.name
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            mask = (root / "masks" / split / path.name).with_suffix(".png")
            mask.rename(target.with_name(f"{target.stem}_mask.png"))
        raw_folders.write_text(root / folder / "_classes.csv", table)
    for folder in ("images", "masks"):
        shutil.rmtree(root / folder)
    return root


def test_masks_may_lie_beside_their_images(tmp_path):
    plain = tmp_path / "plain"
    raw_folders.write_folder(plain, boxes=False, train=2, val=1)
    root = write_beside(tmp_path / "beside")
    assert format_detection.choose_format(root) == ("masks",)
    found = find(root, "masks")
    assert found.dataset.names == {"segmentation": ("background", "brick", "leaf")}
    assert not found.doubts
    for split in ("train", "val"):
        pairs = zip(
            examples(root, "masks", split=split),
            examples(plain, "masks", split=split),
            strict=True,
        )
        assert all((one["mask"] == other["mask"]).all() for one, other in pairs)
    (root / "train/alone.jpg").write_bytes((root / "train/000.jpg").read_bytes())
    (said,) = find(root, "masks").doubts
    assert "left out 1 of 3 images without an annotation (train/alone.jpg)" in said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda root: (root / "valid/_classes.csv").write_text("Pixel Value,Class\n0,sky\n"),
            "valid/_classes.csv: its classes differ from those of .*train/_classes.csv",
        ),
        (
            lambda root: (root / "train/_classes.csv").write_text("Pixel Value,Class\n7,sky\n"),
            "train/_classes.csv: must list the pixel values 0, 1, 2",
        ),
        (
            lambda root: (root / "train/000.jpg").unlink(),
            r"train/000_mask.png: there is no image train/000\.\*",
        ),
    ],
)
def test_masks_beside_images_that_do_not_fit_are_named(tmp_path, spoil, said):
    root = write_beside(tmp_path)
    spoil(root)
    with pytest.raises(FoiError, match=said):
        find(root, "masks")


def test_classes_of_whole_images_are_no_masks(tmp_path):
    root = write_beside(tmp_path, "filename, brick\n000.jpg, 1\n")
    assert "masks" not in format_detection.detect_format(root)
