"""Tests that the format of a folder is recognized, and that two that fit are never guessed."""

import pytest

from foi_tf.data.convert import format_detection, inventory
from foi_tf.data.convert.readers import FORMATS
from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import find
from tests.data.convert.test_readers import write


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_is_recognized(tmp_path, form):
    root = write(tmp_path, form)
    expected = form.removesuffix("_masks").replace("binary", "masks")
    if form in raw_exports.FORMS and form != "binary_masks":  # Beside masks.
        assert set(format_detection.detect_format(root)) == {expected, "masks"}
        with pytest.raises(FoiError, match=f"several formats; .*--format={expected},masks"):
            format_detection.choose_format(root)
    else:
        assert format_detection.choose_format(root) == (expected,)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("via.json", '{"_via_img_metadata": {}}', r"holds JSON of VIA \(via\.json\); export it as"),
        ("a.json", '[{"data_row": {"id": 1}}]', "holds JSON of Labelbox"),
        ("a.json", '[{"annotations": [{"completed_by": 1}]}]', "holds Label Studio's own JSON"),
        ("train/_annotations.csv", "filename,width", "holds CSV of Roboflow"),
        ("a.md", "x", r"holds 1 \.md files, which is of no format that is read; put it into"),
    ],
)
def test_what_is_not_read_is_named(tmp_path, path, text, said):
    raw_folders.write_text(tmp_path / path, text)
    with pytest.raises(FoiError, match=said):
        format_detection.choose_format(tmp_path)


def test_a_wrong_format_names_the_one_that_fits(tmp_path):
    root, _ = raw_folders.write_voc(tmp_path)
    with pytest.raises(FoiError, match=r"\(the folder looks like --format=voc\)"):
        find(root, "coco")
    (problem,) = inventory.inspect_custom(root, ["yolo"], None).problems
    assert problem.endswith("(the folder looks like --format=voc)")
