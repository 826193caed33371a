import dataclasses

import numpy as np
import pytest

from foi_tf.errors import FoiError
from foi_tf.study import feature_files
from tests.feature_vectors import make_features


def points(images, width=4, classes=3, depth=False):
    rng = np.random.default_rng(7)
    return feature_files.Points(
        vectors=rng.normal(size=(2 * images, width)).astype(np.float32),
        targets=(
            rng.uniform(1, 9, 2 * images).astype(np.float32)
            if depth
            else rng.integers(0, classes, 2 * images)
        ),
        images=np.repeat(np.arange(images), 2),
        probabilities=None if depth else rng.dirichlet(np.ones(5), 2 * images).astype(np.float32),
    )


def test_features_come_back_as_they_were_written(tmp_path):
    plain = make_features("camvid", images=3)
    segmented = make_features("coco", images=5, points=points(5))
    deep = make_features("sunrgbd", images=2, points=points(2, depth=True), task_type="depth")
    both = make_features(
        "sunrgbd", images=3, points=points(3), seed=1
    )  # Another task of that dataset.
    path = tmp_path / "deep" / "f.npz"
    written = [plain, segmented, deep, both]
    feature_files.write_features(path, written)
    assert [p.name for p in path.parent.iterdir()] == ["f.npz"]
    for before, after in zip(written, feature_files.load_features(path), strict=True):
        assert before.origin == after.origin
        np.testing.assert_array_equal(before.vectors, after.vectors)
        assert (before.points is None) == (after.points is None)
        if before.points is not None:
            for field in dataclasses.fields(feature_files.Points):
                one, two = (getattr(x.points, field.name) for x in (before, after))
                np.testing.assert_array_equal(one, two)
                assert one is None or one.dtype == two.dtype


def test_directories_are_read_by_name(tmp_path):
    feature_files.write_features(tmp_path / "b.npz", [make_features("coco")])
    feature_files.write_features(
        tmp_path / "a.npz", [make_features("camvid"), make_features("city")]
    )
    (tmp_path / ".half.npz").write_bytes(b"")
    found = feature_files.load_all_features([tmp_path, tmp_path / "b.npz"])
    assert [each.origin.dataset for each in found] == ["camvid", "city", "coco", "coco"]
    assert list(feature_files.comparable_features(found)) == ["camvid", "city", "coco"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-100]), "not a whole file of features"),
        (lambda p: p.write_bytes(p.read_bytes()[:700]), "not a whole file of features"),
        (lambda p: p.write_bytes(b""), "not a whole file of features"),
        (lambda p: p.write_text("hello"), "not a whole file of features"),
        (lambda p: np.savez(p, x=np.zeros(3)), "not a whole file of features"),
        (lambda p: np.savez(p, origins=np.array('[{"dataset": "x"}]')), "not a whole file"),
        (lambda p: p.unlink(), "No such file or directory; make the file with foi-features"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path, spoil, said):
    path = tmp_path / "f.npz"
    feature_files.write_features(path, [make_features("camvid")])
    spoil(path)
    with pytest.raises(FoiError, match=said) as error:
        feature_files.load_features(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vectors": np.zeros((0, 4), np.float32)}, "camvid: the features have no images"),
        ({"vectors": np.zeros((2, 4), np.float32)}, r"camvid: features of shape \(2, 4\) for 3"),
        ({"vectors": np.array([[1, 2], [np.nan, 1], [0, 1]], np.float32)},
         "camvid: image camvid1: its features are not finite"),
        ({"points": dataclasses.replace(points(3), targets=np.zeros(1, int))},
         "camvid: its points have arrays of different shapes"),
    ],
)  # fmt: skip
def test_useless_features_are_named(tmp_path, change, said):
    good = make_features("camvid", images=3, points=points(3))
    feature_files.write_features(tmp_path / "f.npz", [dataclasses.replace(good, **change)])
    with pytest.raises(FoiError, match=said):
        feature_files.load_features(tmp_path / "f.npz")


def test_only_files_that_are_found_again_are_written(tmp_path):
    with pytest.raises(FoiError, match=r"features are kept in \.npz files"):
        feature_files.write_features(tmp_path / "f.npy", [make_features("camvid")])
    with pytest.raises(FoiError, match=r"no features \(\*\.npz\) in it"):
        feature_files.load_all_features([tmp_path])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"weights": "beef"}, "camvid and coco are by different networks"),
        ({"backbone": "hrnet_w18"}, "camvid and coco are by different networks"),
        ({"width": 5}, "camvid and coco have 4 and 5 numbers an image"),
        ({"dataset": "camvid", "images": 2}, "camvid were given twice, with different images"),
    ],
)
def test_comparable_features_takes_only_what_can_be_compared(other, said):
    with pytest.raises(FoiError, match=said):
        feature_files.comparable_features(
            [make_features("camvid"), make_features(**{"dataset": "coco"} | other)]
        )
