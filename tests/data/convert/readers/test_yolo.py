import numpy as np
import pytest

from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import examples, find

SIZE = (48, 64)


def corners(rectangles):
    return [[y, x, y + h, x + w] for _, y, x, h, w in rectangles]


def test_boxes_are_in_pixels(tmp_path):
    root, drawn = raw_folders.write_yolo(tmp_path)
    found = find(root, "yolo")
    assert found.dataset.names == {"detection": raw_folders.CLASSES[1:]}
    for example, size in found.examples("train"):
        rectangles = drawn[example["id"]]
        assert size == SIZE
        assert np.allclose(example["boxes"], corners(rectangles), atol=1e-3)
        assert example["box_labels"].tolist() == [label - 1 for label, *_ in rectangles]
        areas = [h * w for *_, h, w in rectangles]
        assert np.allclose(example["box_areas"], areas, rtol=1e-3)


def test_poses_have_keypoints_and_flip_pairs(tmp_path):
    root, drawn = raw_folders.write_yolo(tmp_path, pose=True)
    found = find(root, "yolo")
    assert found.dataset.classes == {"detection": 2, "keypoints": 4}
    assert found.dataset.flip_pairs == ((0, 1),)
    for example, _ in found.examples("val"):
        for marks, (_, y, x, h, w) in zip(example["keypoints"], drawn[example["id"]], strict=True):
            wanted = np.reshape(raw_folders.coco_keypoints(y, x, h, w), (-1, 3))[:, [1, 0, 2]]
            assert np.allclose(marks, wanted, atol=1e-3)
        assert np.allclose(example["keypoint_boxes"], example["boxes"])


def test_two_numbers_a_keypoint_leave_the_origin_unlabeled(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path, train=1, val=1)
    text = "kpt_shape: [2, 2]\nnames: [dog]\nkpt_names: {0: [nose, tail]}\n"
    raw_folders.write_text(root / "data.yaml", text)
    for split in ("train", "val"):
        line = "0 0.5 0.5 0.5 0.5 0.25 0.5 0 0"
        raw_folders.write_text(root / "labels" / split / "000.txt", line)
    found = find(root, "yolo")
    assert found.dataset.names["keypoints"] == ("nose", "tail")
    (example,) = examples(root, "yolo")
    assert example["keypoints"].tolist() == [[[24, 16, 2], [0, 0, 0]]]


def test_an_image_without_labels_has_no_objects_and_outlines_become_boxes(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path, train=2)
    (root / "labels/train/000.txt").unlink()
    outline = "1 0.25 0.25 0.75 0.5 0.5 0.75"
    raw_folders.write_text(root / "labels/train/001.txt", outline)
    first, second = examples(root, "yolo")
    assert first["boxes"].shape == (0, 4) and first["box_labels"].shape == (0,)
    assert second["boxes"].tolist() == [[12, 16, 36, 48]] and second["box_labels"].tolist() == [1]


def test_exports_that_put_the_split_first(tmp_path):
    source, drawn = raw_folders.write_yolo(tmp_path / "source")
    root = tmp_path / "export"
    for split, name in (("train", "train"), ("val", "valid")):
        (root / name).mkdir(parents=True)
        for kind in ("images", "labels"):
            (source / kind / split).rename(root / name / kind)
    text = "train: ../train/images\nval: ../valid/images\nnames: [brick, leaf]\n"
    raw_folders.write_text(root / "data.yaml", text)
    found = {e["id"]: e["boxes"] for e in examples(root, "yolo", split="val")}
    assert np.allclose(found["valid/images/000"], corners(drawn["val/000"]), atol=1e-3)


def test_splits_may_be_lists(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path, train=3)
    raw_folders.write_text(root / "some.txt", "./images/train/002.jpg\nimages/train/000.jpg\n")
    text = "train: some.txt\nval: images/val\nnames: [brick, leaf]\n"
    raw_folders.write_text(root / "data.yaml", text)
    assert [e["id"] for e in examples(root, "yolo")] == ["train/000", "train/002"]
    (root / "data.yaml").unlink()
    raw_folders.write_text(root / "classes.txt", "brick\nleaf\n")
    assert find(root, "yolo").dataset.train == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.5", "line 2: has 4 numbers, not 5"),
        ("0 0.5 0.5 0.5 wide", "line 2: must hold numbers, not '0 0.5 0.5 0.5 wide'"),
        ("2 0.5 0.5 0.5 0.5", "line 2: has class 2, but there are names of 2 classes"),
        ("0.5 0.5 0.5 0.5 0.5", "line 2: has class 0.5, but"),
        ("0 nan 0.5 0.5 0.5", "line 2: all numbers must be finite"),
        ("0 30 20 8 8", "line 2: coordinates must be shares of the image"),
        ("0 0.9 0.5 0.5 0.5", "train/000.jpg: box 1 .* is outside the image"),
        ("0 0.9 0.5 0 0.5", "train/000.jpg: box 1 .* is empty"),
    ],
)
def test_wrong_lines_are_named(tmp_path, line, said):
    root, _ = raw_folders.write_yolo(tmp_path)
    raw_folders.write_text(root / "labels/train/000.txt", f"0 0.5 0.5 0.5 0.5\n{line}\n")
    with pytest.raises(FoiError, match=said):
        examples(root, "yolo")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [a", "data.yaml: is not YAML"),
        ("nc: 2", "data.yaml: must have 'names'"),
        ("names: {1: a, 2: b}", "the keys of 'names' must be 0 to 1"),
        ("names: []", "'names' must be a list of names"),
        ("names: [a, b]\nkpt_shape: 4", "'kpt_shape' must be"),
        ("names: [a, b]\nkpt_shape: [2, 4]", "'kpt_shape' must be"),
        ("names: [a, b]\nkpt_shape: [2, 3]\nflip_idx: [0, 0]", "'flip_idx' must list each"),
        ("names: [a, b]\nkpt_shape: [2, 3]\nflip_idx: ['1', '0']", "'flip_idx' must list each"),
        ("names: [a, b]\nkpt_shape: [2, 3]\nflip_idx: [[0, 1]]", "'flip_idx' must list each"),
        ("names: [a, b]\ntrain: 5\nval: images/val", "5 is neither a directory nor a list"),
        ("names: [a, b]\nkpt_shape: [3, 3]\nflip_idx: [1, 2, 0]", "swap keypoints in pairs"),
        ("names: [a, b]\nkpt_shape: [2, 3]\nkpt_names: [x]", "1 'kpt_names', but"),
        (
            "names: [a, b]\ntrain: images/none\nval: images/val",
            "images/none is neither a directory nor a list",
        ),
        ("names: [a, b]\ntrain: images\nval: images/val", "val/000.jpg is listed twice"),
    ],
)
def test_mistakes_in_data_yaml_are_named(tmp_path, text, said):
    root, _ = raw_folders.write_yolo(tmp_path)
    raw_folders.write_text(root / "data.yaml", text)
    with pytest.raises(FoiError, match=said):
        find(root, "yolo")


def test_lists_name_what_is_missing(tmp_path):
    root, _ = raw_folders.write_yolo(tmp_path)
    raw_folders.write_text(root / "data.yaml", "train: a.txt\nval: images/val\nnames: [a, b]\n")
    for line, said in (
        ("images/train/9.jpg", r"a\.txt: lists .*train/9\.jpg, which is missing below"),
        ("/etc/hostname", r"a\.txt: lists /etc/hostname, which is missing below"),
        ("", r"a\.txt: is empty"),
    ):
        raw_folders.write_text(root / "a.txt", f"{line}\n")
        with pytest.raises(FoiError, match=said):
            find(root, "yolo")
