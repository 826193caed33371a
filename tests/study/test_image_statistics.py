import numpy as np
import pytest

from foi_tf.errors import FoiError
from foi_tf.study import image_statistics, results
from foi_tf.study.image_statistics import ImageStatistics
from tests.result_rows import BASELINE

STATISTICS = ImageStatistics(
    np.array(["b", "a"]), np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[2.0, 0.0], [8.0, 0.0]])
)


def test_statistics_are_written_beside_their_row(tmp_path):
    row = results.write_row(BASELINE, tmp_path / "of")
    (record,) = results.load(tmp_path).to_dict("records")
    path = image_statistics.write_beside_row(STATISTICS, record, tmp_path / "of")
    assert path.name == f"{row.stem}.images.npz"
    assert len(results.load(tmp_path)) == 1  # The statistics are not read as a row.
    found = image_statistics.find_statistics(tmp_path)
    assert list(found) == [row.stem]
    read = image_statistics.read_statistics(found[row.stem])
    assert read.images.tolist() == ["b", "a"]
    np.testing.assert_array_equal(read.numerator, STATISTICS.numerator)


def test_metrics_from_sums():
    ones = np.ones(2)
    assert STATISTICS.values("miou", ones) == pytest.approx(3 / 10)  # The second class is absent.
    assert STATISTICS.values("rmse", ones) == pytest.approx(np.sqrt(3 / 10))
    assert STATISTICS.values("miou", np.array([[2, 0], [0, 1]])) == pytest.approx([1 / 2, 1 / 4])
    assert np.isnan(image_statistics.metric_from_sums("miou", np.zeros(3), np.zeros(3)))
    assert (
        image_statistics.metric_from_sums("miou", np.array([1.0, 3.0]), np.array([2.0, 4.0]))
        == 0.625
    )


def test_sorting_keeps_rows_together():
    done = STATISTICS.sorted()
    assert done.images.tolist() == ["a", "b"]
    assert done.numerator[:, 0].tolist() == [2.0, 1.0]


def test_what_is_no_archive_is_named(tmp_path):
    path = tmp_path / "x.images.npz"
    path.write_text("no")
    with pytest.raises(
        FoiError, match=r"x\.images\.npz: the file does not hold the image statistics"
    ):
        image_statistics.read_statistics(path)
    with path.open("wb") as stream:
        np.savez(stream, images=["a"], numerator=np.ones((2, 1)), denominator=np.ones((2, 1)))
    with pytest.raises(FoiError, match="do not agree"):
        image_statistics.read_statistics(path)


PARTS = image_statistics.MetricParts(
    class_names=np.array(["car", "tree"]),
    class_values=np.array([0.25, np.nan]),
    class_images=np.array([2, 0]),
    size_values=np.array([0.1, 0.2, np.nan]),
    size_objects=np.array([3, 1, 0]),
)


def test_parts_come_back_and_keep_the_file_small(tmp_path):
    path = tmp_path / "x.images.npz"
    statistics = ImageStatistics(*[getattr(STATISTICS, name) for name in
                                   ("images", "numerator", "denominator")], PARTS)  # fmt: skip
    image_statistics.save_statistics(statistics, path)
    read = image_statistics.read_statistics(path).sorted().find_parts("map")
    for name in ("class_names", "class_values", "class_images", "size_values", "size_objects"):
        np.testing.assert_array_equal(getattr(read, name), getattr(PARTS, name))
    with path.open("wb") as stream:
        np.savez(
            stream, images=["a"], numerator=np.ones((1, 1)), denominator=np.ones((1, 1)),
            class_names=["car"], class_values=[0.5], class_images=[1], size_values=[0.5],
            size_objects=[1],
        )  # fmt: skip
    with pytest.raises(FoiError, match="do not agree"):
        image_statistics.read_statistics(path)


def test_files_of_earlier_versions_have_the_classes_of_miou():
    parts = STATISTICS.find_parts("miou")
    assert parts.class_names.tolist() == ["0", "1"]
    np.testing.assert_allclose(parts.class_values, [3 / 10, np.nan])
    assert parts.class_images.tolist() == [2, 0] and parts.size_values.size == 0
    assert STATISTICS.find_parts("rmse") is None


def test_metrics_of_single_images():
    np.testing.assert_allclose(STATISTICS.values_by_image("miou"), [1 / 2, 1 / 4])
    np.testing.assert_allclose(STATISTICS.values_by_image("rmse"), np.sqrt([1 / 2, 1 / 4]))
    found = ImageStatistics(
        np.array(["a", "b"]), np.array([[1, 2], [0, 0]]), np.array([[2, 2], [0, 0]])
    )
    np.testing.assert_allclose(found.values_by_image("map"), [3 / 4, np.nan])
