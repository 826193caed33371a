import pytest

from foi_tf.data.convert.readers import pairs
from foi_tf.errors import FoiError
from tests.data.convert.layouts import drawing


@pytest.fixture(name="root")
def _root(tmp_path):
    for name in ("a/x_1.jpg", "a/x_12.jpg", "b/y_2.jpg", "b/y_2.jpg.txt", "b/c/y_3.jpg"):
        drawing.write_text(tmp_path / name, "")
    return tmp_path


def test_wildcards_stand_for_parts_of_names(root):
    assert list(pairs.match_files(root, "*/*_*.jpg")) == [
        ("a", "x", "1"), ("a", "x", "12"), ("b", "y", "2"),
    ]  # fmt: skip
    assert list(pairs.match_files(root, "a/x_??.jpg")) == [("12",)]
    assert list(pairs.match_files(root, "?/*_?.jpg")) == [("a", "x", "1"), ("b", "y", "2")]
    assert pairs.fill_pattern("*/m/*-*.png", ("a", "x", "1")) == "a/m/x-1.png"


def test_annotations_have_the_same_parts(root):
    drawing.write_text(root / "masks/a-1.png", "")
    drawing.write_text(root / "masks/a-12.png", "")
    (one, other) = pairs.find_pairs(root, "*/x_*.jpg", {"masks/*-*.png": lambda p: {"p": p}}, "s/")
    assert (one.id, other.id) == ("s/a/1", "s/a/12")
    assert [load() for load in other.annotations] == [{"p": root / "masks/a-12.png"}]
    with pytest.raises(FoiError, match=r"y_2\.jpg: has no .*masks/b-2\.png; restore it"):
        pairs.find_pairs(root, "*/y_*.jpg", {"masks/*-*.png": dict})


def test_no_match_is_named(root):
    with pytest.raises(FoiError, match=r"has no d/\*\.jpg; foi-prepare --check"):
        pairs.match_files(root, "d/*.jpg")
