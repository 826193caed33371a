import json

import cv2
import numpy as np
import pytest

from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import examples, find


def with_depth(root, **coding):
    raw_folders.write_folder(root, masks=False, boxes=False, depth=True)
    if coding:
        (root / "depth.json").write_text(json.dumps(coding))
    return root


def stored(root, split="train", stem="000"):
    return cv2.imread(str(root / f"depth/{split}/{stem}.png"), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(
    ("coding", "unit"),
    [
        ({}, 0.001),
        ({"unit": "millimeter", "invalid": 0, "intrinsics": ["585"]}, 0.001),
        ({"unit": "centimeter"}, 0.01),
        ({"unit": 0.0002}, 0.0002),
        ({"unit": "millimetre"}, 0.001),
        ({"unit": "centimetre"}, 0.01),
    ],
)
def test_depth_is_read_in_meters(tmp_path, coding, unit):
    root = with_depth(tmp_path, **coding)
    dataset = find(root, "depth").dataset
    assert dataset.classes == {"depth": 1} and dataset.depth_range is None
    depth = examples(root, "depth")[0]["depth"]
    assert depth.dtype == np.float32 and (depth[:, 0] == 0).all()
    np.testing.assert_allclose(depth, stored(root) * unit, rtol=1e-6)


@pytest.mark.parametrize("unit", ["meter", "metre"])
def test_another_value_may_be_unknown_and_a_range_be_given(tmp_path, unit):
    root = with_depth(tmp_path, unit=unit, invalid=4000, range=[0.5, 600])
    assert find(root, "depth").dataset.depth_range == (0.5, 600.0)
    depth = examples(root, "depth")[0]["depth"]
    assert set(np.unique(depth)) == {0, 1250, 2003}


def test_a_map_without_any_known_depth_is_no_annotation(tmp_path):
    root = with_depth(tmp_path)
    raw_folders.save_image(root / "depth/train/002.png", np.zeros((48, 64), np.uint16))
    have = {example["id"]: "depth" in example for example in examples(root, "depth")}
    assert have.pop("train/002") is False and all(have.values())


@pytest.mark.parametrize(
    ("coding", "said"),
    [
        ({"unit": "milimetre"}, "unknown unit 'milimetre'; did you mean 'millimeter'"),
        ({"unit": 0}, "'unit' must be a name or meters per step, not 0"),
        ({"unit": True}, "'unit' must be"),
        ({"invalid": "none"}, "'invalid' must be a stored value"),
        ({"range": [8, 1]}, r"'range' must be \[near, far\] in meters"),
        ({"range": [1, float("nan")]}, "is not JSON .NaN"),
        ({"range": [0, 900]}, "far <= 655.35"),
        ({"range": 5}, "'range' must be"),
    ],
)
def test_mistakes_in_depth_json_are_named(tmp_path, coding, said):
    root = with_depth(tmp_path, **coding)
    with pytest.raises(FoiError, match=rf"depth\.json: .*{said}"):
        find(root, "depth")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: (r / "depth.json").write_text("{"), r"depth\.json: is not JSON"),
        (lambda r: (r / "depth.json").write_text("3"), r"depth\.json: must be a mapping"),
        (lambda r: (r / "depth").rename(r / "depths"), "depth: no such directory"),
        (lambda r: (r / "images/train/000.jpg").unlink(), "there is no image images/train/000"),
        (
            lambda r: raw_folders.save_image(
                r / "depth/train/001.png", np.ones((48, 64), np.uint8)
            ),
            "16 bits",
        ),
        (
            lambda r: raw_folders.save_image(r / "depth/train/001.png", np.ones((8, 9), np.uint16)),
            "001.jpg: depth is 8x9, but its image is 48x64",
        ),
        (
            lambda r: (r / "depth.json").write_text('{"unit": "meter"}'),
            r"000\.jpg: depth is up to 4000 m, but mine has no range, hence records of 65\.535 m",
        ),
    ],
)
def test_mistakes_in_depth_are_named(tmp_path, spoil, said):
    root = with_depth(tmp_path)
    spoil(root)
    with pytest.raises(FoiError, match=said):
        examples(root, "depth")


def test_depth_up_to_the_last_millimeter_is_kept(tmp_path):
    root = with_depth(tmp_path)
    raw_folders.save_image(root / "depth/train/000.png", np.full((48, 64), 65535, np.uint16))
    assert examples(root, "depth")[0]["depth"].max() == pytest.approx(65.535)
