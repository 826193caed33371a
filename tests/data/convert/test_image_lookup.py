import pytest

from foi_tf.data.convert.image_lookup import ImageLookup
from foi_tf.errors import FoiError

LOOKUP = ImageLookup(["train/a.jpg", "val/a.jpg", "train/my photo.JPG", "b.jpg", "B.jpg"], "images")


@pytest.mark.parametrize(
    ("written", "near", "name"),
    [
        ("train/a.jpg", (), "train/a.jpg"),
        ("a.jpg", ("val",), "val/a.jpg"),
        ("./images/val/a.jpg", (), "val/a.jpg"),
        ("images\\train\\a.jpg", (), "train/a.jpg"),
        ("..\\..\\train\\a.jpg", (), "train/a.jpg"),
        (" train/my%20photo.jpg ", (), "train/my photo.JPG"),
        ("C:\\Users\\me\\my photo.jpg", (), "train/my photo.JPG"),
        ("/data/upload/7/my photo.jpg", (), "train/my photo.JPG"),
        ("/data/local-files/?d=set/train/a.jpg", (), "train/a.jpg"),
        ("https://example.com/val/a.jpg", (), "val/a.jpg"),
        ("b.jpg", (), "b.jpg"),
        ("B.jpg", (), "B.jpg"),
        ("other/b.jpg", (), "b.jpg"),
        ("test/a.jpg", (), None),
        ("c.jpg", (), None),
        ("", (), None),
    ],
)
def test_paths_are_found_as_tools_write_them(written, near, name):
    assert LOOKUP.find(written, near) == name


def test_what_fits_several_images_is_refused():
    with pytest.raises(
        FoiError, match=r"x\.json: 'a.jpg' may be any of train/a.jpg, val/a.jpg in i"
    ):
        LOOKUP.find("a.jpg", (), "x.json")
