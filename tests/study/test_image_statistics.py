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
