"""Tests LabelMe's JSON and CVAT's XML beyond the contract of all formats."""

import base64
import json

import cv2
import numpy as np
import pytest

from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import examples, find

FIRST = "images/train/000.json"


def labelme(root, function):
    raw_exports.write_export(root, "labelme")
    raw_exports.edit_json(root / FIRST, function)
    return root


def test_labelme_files_may_lie_in_a_folder_of_their_own(tmp_path):
    root = raw_exports.write_export(tmp_path, "labelme")
    expected = [example["boxes"].tolist() for example in examples(root, "labelme")]
    for path in sorted((root / "images").rglob("*.json")):
        content = json.loads(path.read_text())
        content["imagePath"] = f"..\\images\\{path.parent.name}\\{content['imagePath']}"
        target = root / "labels" / f"{path.parent.name}_{path.name}"
        raw_folders.write_text(target, json.dumps(content))
        path.unlink()
    assert [example["boxes"].tolist() for example in examples(root, "labelme")] == expected


def test_labelme_circles_have_an_area_and_points_have_none(tmp_path):
    def change(content):
        content["shapes"] = [
            {"label": "leaf", "points": [[20, 20], [30, 20]], "shape_type": "circle"},
            {"label": "leaf", "points": [[1, 1]], "shape_type": "point"},
            {"label": "__ignore__", "points": [[40, 0], [44, 0], [44, 4], [40, 4]]},
        ]

    root = labelme(tmp_path, change)
    first = examples(root, "labelme")[0]
    assert np.allclose(first["boxes"], [[10, 10, 30, 30], [0, 40, 4, 44]])
    assert first["box_crowds"].tolist() == [False, True] and first["box_labels"][0] == 1
    (said,) = find(root, "labelme").doubts
    assert "left out 1 of 25 objects: points, lines and others without an area" in said
    mask = examples(root, "labelme_masks")[0]["mask"]
    assert (mask == 2).sum() == pytest.approx(100 * np.pi, rel=0.02) and (mask == 255).sum() == 16


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["shapes"][0].update(label="stone"), r"000\.json: unknown class 'stone'"),
        (lambda c: c["shapes"][0].update(label=" "), r"000\.json: shapes\[0\]: has no label"),
        (lambda c: c["shapes"][0].update(points=[[1, 2]] * 3), r"must have 2 or 4 points, not 3"),
        (lambda c: c.pop("shapes"), r"000\.json: 'shapes' is missing|is not JSON of LabelMe"),
        (lambda c: c.update(imageHeight=96, imageWidth=128), "has 48x64 pixels, but .* 96x128"),
    ],
)
def test_mistakes_in_labelme_are_named(tmp_path, change, said):
    with pytest.raises(FoiError, match=said):
        examples(labelme(tmp_path, change), "labelme")


def test_labelme_files_without_an_image_are_named(tmp_path):
    root = raw_exports.write_export(tmp_path, "labelme")
    (root / "images/train/000.jpg").unlink()
    with pytest.raises(FoiError, match=r"train/000\.json: its image '000\.jpg' is not in"):
        find(root, "labelme")


def cvat(root, *shapes, attributes="", extra=""):
    """Writes two images; the first has the shapes."""
    listed = [
        '<image id="0" name="a.jpg" width="64" height="48" subset="Train">'
        f"{''.join(shapes)}</image>",
        '<image id="1" name="b.jpg" width="64" height="48" subset="Validation">'
        '<box label="cat" xtl="1" ytl="2" xbr="3" ybr="4"/></image>',
    ]
    labels = "<labels><label><name>cat</name></label><label><name>dog</name></label></labels>"
    text = f"<annotations{attributes}><meta><job>{labels}</job></meta>{''.join(listed)}{extra}"
    raw_folders.write_text(root / "annotations.xml", f"{text}</annotations>")
    for name in "ab":
        raw_folders.save_image(root / f"images/{name}.jpg", raw_folders.COLORS[[[1] * 64] * 48])
    return root


SHAPES = {
    '<box label="dog" xtl="1.5" ytl="2" xbr="30" ybr="40" z_order="0"/>': (2, 1.5, 40, 30),
    '<box label="dog" xtl="10" ytl="20" xbr="30" ybr="30" rotation="90"/>': (15, 15, 35, 25),
    '<polygon label="dog" points="5,6;15,6;15,26"/>': (6, 5, 26, 15),
    '<ellipse label="dog" cx="20" cy="20" rx="10" ry="5"/>': (15, 10, 25, 30),
    '<mask label="dog" left="4" top="6" width="3" height="2" rle="1, 2, 0, 3"/>': (6, 4, 8, 7),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_cvat_have_boxes(tmp_path, shape):
    root = cvat(tmp_path, shape, '<tag label="cat"/>', attributes=' xmlns="http://x"')
    (example,) = examples(root, "cvat")
    assert np.allclose(example["boxes"], [SHAPES[shape]], atol=1e-4)
    assert example["box_labels"].tolist() == [1] and find(root, "cvat").dataset.val == 1


def test_a_higher_z_order_covers_smaller_objects(tmp_path):
    box = '<box label="{}" xtl="0" ytl="0" xbr="{}" ybr="{}" z_order="{}"/>'
    for order, expected in ((1, 1), (0, 2)):
        root = cvat(tmp_path, box.format("cat", 20, 20, order), box.format("dog", 9, 9, 0))
        assert examples(root, "cvat_masks")[0]["mask"][0, 0] == expected


@pytest.mark.parametrize(
    ("shape", "extra", "said"),
    [
        ('<box label="dog" xtl="x" ytl="2" xbr="3" ybr="4"/>', "", "object 0: xtl must be a fin"),
        ('<box xtl="1" ytl="2" xbr="3" ybr="4"/>', "", r"image 'a\.jpg': object 0: has no label"),
        ('<polygon label="dog" points="5;6"/>', "", "object 0: 'points' must be x,y;x"),
        ('<mask label="dog" left="0" top="0" width="3" height="2" rle="9"/>', "", "sum to the 2 x"),
        ('<star label="dog"/>', "", "<star> is no shape that is read"),
        ('<box label="cow" xtl="1" ytl="2" xbr="3" ybr="4"/>', "", "unknown class 'cow'"),
        ("", '<track id="0"/>', "has tracks of a video; export 'CVAT for images 1.1'"),
        ("", '<image name="c.jpg"/>', r"image 'c\.jpg': is missing; export with images"),
        ("", '<image name="a.jpg" subset="train"/>', r"a\.jpg is annotated in annotations\.xml as"),
    ],
)
def test_mistakes_in_cvat_are_named(tmp_path, shape, extra, said):
    with pytest.raises(FoiError, match=rf"annotations\.xml: .*({said})"):
        examples(cvat(tmp_path, shape, extra=extra), "cvat")


def test_xml_that_defines_entities_is_refused(tmp_path):
    root = cvat(tmp_path)
    path = root / "annotations.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY x "y">]>' + path.read_text())
    with pytest.raises(FoiError, match=r"annotations\.xml: defines entities"):
        find(root, "cvat")


@pytest.mark.parametrize("form", ["labelme", "cvat"])
def test_images_of_types_that_are_not_read_are_named(tmp_path, form):
    root = raw_exports.write_export(tmp_path, form)
    (root / "images/train/000.jpg").rename(root / "images/train/000.heic")
    written = root / (FIRST if form == "labelme" else "annotations.xml")
    written.write_text(written.read_text().replace("000.jpg", "000.heic", 1))
    with pytest.raises(FoiError, match=r"images/train/000\.heic is there, but images of its type"):
        find(root, form)


def write_bitmap(pixels):
    """Returns a mask as LabelMe stores it."""
    return base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode()


def test_labelme_masks_lie_in_the_box_of_their_points(tmp_path):
    pixels = np.zeros((3, 4), np.uint8)
    pixels[0, 0] = pixels[1:, 1:3] = 1

    def change(content):
        shape = {"label": "leaf", "points": [[10, 20], [13, 22]], "shape_type": "mask"}
        content["shapes"] = [shape | {"mask": write_bitmap(pixels)}]

    root = labelme(tmp_path, change)
    assert examples(root, "labelme")[0]["boxes"].tolist() == [[20, 10, 23, 13]]
    expected = np.zeros((48, 64), np.uint8)
    expected[20:23, 10:14] = 2 * pixels
    assert (examples(root, "labelme_masks")[0]["mask"] == expected).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mask": None}, r"shapes\[0\]: a mask must have a PNG as base64 in 'mask' and 2 points"),
        ({"points": [[1, 2]]}, "2 points, not 1"),
        ({"points": [[10, 20], [14, 22]]}, "has 3x4 pixels, but the box of its points 3x5"),
        ({"points": [[10, 20], [1e9, 1e9]]}, "the points of a mask must be pixels"),
        ({"mask": "no PNG"}, "its 'mask' is no whole PNG in base64"),
        ({"mask": write_bitmap(np.eye(3, 4))[:60]}, "its 'mask' is no whole PNG in base64"),
        ({"points": [[62, 20], [65, 22]]}, "3x4 pixels at row 20 and column 62, but its image"),
    ],
)
def test_masks_of_labelme_that_do_not_fit_are_named(tmp_path, changes, said):
    def change(content):
        shape = {"label": "leaf", "points": [[10, 20], [13, 22]], "shape_type": "mask"}
        content["shapes"] = [shape | {"mask": write_bitmap(np.eye(3, 4))} | changes]

    with pytest.raises(FoiError, match=said):
        examples(labelme(tmp_path, change), "labelme_masks")
