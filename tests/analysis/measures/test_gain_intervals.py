import math

import numpy as np
import pytest

from foi_tf.analysis.measures import gain_intervals, gains
from foi_tf.analysis.report import transfer_matrix
from foi_tf.errors import FoiError
from foi_tf.study import image_statistics
from foi_tf.study.image_statistics import ImageStatistics

CAMVID, CITY, DEPTH = "camvid:segmentation", "city:segmentation", "sunrgbd:depth"


def city(frame):
    (row,) = frame[frame.source == "city"].to_dict("records")
    return row


def test_pairs_of_seeds_are_drawn_together(make_results):
    # Baselines differ by far more than gains do: +10 % of each.
    specs = [
        (CAMVID, source, value * factor, {"seed": seed})
        for seed, value in enumerate([0.2, 0.4, 0.6, 0.8, 0.5])
        for source, factor in (("ilsvrc", 1.0), (CITY, 1.1))
    ]
    row = city(gains.with_gains(make_results(*specs)))
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((10, 10))
    assert (row["resampled"], row["significant"]) == ("seeds", True)


def test_the_interval_is_the_bootstrap_s(make_results):
    values = [0.52, 0.48, 0.55, 0.50, 0.61, 0.58]
    specs = [(CAMVID, "ilsvrc", 0.5, {"seed": seed}) for seed in range(6)]
    specs += [(CAMVID, CITY, value, {"seed": seed}) for seed, value in enumerate(values)]
    row = city(gains.with_gains(make_results(*specs)))
    of_seeds = 100 * (np.array(values) / 0.5 - 1)
    drawn = np.random.default_rng(7).choice(of_seeds, (4_000, 6)).mean(-1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert row["gain_low"] == pytest.approx(low, abs=0.8)
    assert row["gain_high"] == pytest.approx(high, abs=0.8)


def test_few_seeds_are_never_significant(make_results):
    specs = [(CAMVID, "ilsvrc", 0.5 + seed / 100, {"seed": seed}) for seed in range(4)]
    specs += [(CAMVID, CITY, 0.9 + seed / 50, {"seed": seed}) for seed in range(4)]
    row = city(gains.with_gains(make_results(*specs)))
    assert row["gain_low"] > 0 and not row["significant"]


def test_one_seed_has_no_interval(study):
    frame = gains.with_gains(study)
    coco = frame[(frame.source == "coco") & (frame.target == "camvid")]
    assert coco.gain_low.isna().all() and (coco.resampled == "").all()


def test_seeds_without_partners_are_drawn_apart(make_results):
    specs = [(CAMVID, "ilsvrc", value, {"seed": i}) for i, value in enumerate([0.4, 0.6])]
    specs += [(CAMVID, CITY, value, {"seed": 10 + i}) for i, value in enumerate([0.5, 0.7])]
    row = city(gains.with_gains(make_results(*specs)))
    # From 0.5 / 0.6 to 0.7 / 0.4.
    assert row["gain_low"] == pytest.approx(100 * (0.5 / 0.6 - 1))
    assert row["gain_high"] == pytest.approx(100 * (0.7 / 0.4 - 1))


def save(row, directory, numerator, denominator, names=None):
    names = np.array(names or [f"{i:03}" for i in range(len(numerator))])
    image_statistics.write_beside_row(
        ImageStatistics(names, numerator, denominator), row, directory
    )


@pytest.fixture
def with_images(make_results, tmp_path):
    """Results of one seed with statistics by image: +20 % in each of 40 images."""
    rng = np.random.default_rng(0)
    union = rng.integers(50, 100, (40, 3)).astype(float)
    base = union * 0.5
    better = union * 0.6
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6))
    for source, numerator in (("ilsvrc", base), ("city", better)):
        (row,) = frame[frame.source == source].to_dict("records")
        save(row, tmp_path / "results", numerator, union)
    return frame


def test_images_are_drawn_together_for_a_chain_and_its_baseline(with_images, tmp_path):
    row = city(gains.with_gains(with_images, image_statistics.find_statistics(tmp_path)))
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((20, 20))
    assert (row["resampled"], row["significant"]) == ("images", True)


def test_the_image_bootstrap_of_rmse_by_hand(make_results, tmp_path):
    rng = np.random.default_rng(1)
    squared, known = rng.uniform(10, 50, (2, 60, 1)), np.full((60, 1), 100.0)
    rmse = [float(np.sqrt(x.sum() / known.sum())) for x in squared]
    frame = make_results((DEPTH, "ilsvrc", rmse[0]), (DEPTH, "vkitti2:depth", rmse[1]))
    for source, numerator in (("ilsvrc", squared[0]), ("vkitti2", squared[1])):
        (row,) = frame[frame.source == source].to_dict("records")
        save(row, tmp_path / "results", numerator, known)
    found = gains.with_gains(frame, image_statistics.find_statistics(tmp_path))
    row = found[found.source == "vkitti2"].iloc[0]
    drawn = rng.integers(0, 60, (4_000, 60))
    gain = 100 * (1 - np.sqrt(squared[1][drawn, 0].sum(1) / squared[0][drawn, 0].sum(1)))
    low, high = np.quantile(gain, [0.025, 0.975])
    assert row.gain_low == pytest.approx(low, abs=0.8)
    assert row.gain_high == pytest.approx(high, abs=0.8)


def test_statistics_of_another_run_are_refused(with_images, tmp_path):
    (row,) = with_images[with_images.source == "city"].to_dict("records")
    save(row, tmp_path / "results", np.full((40, 3), 1.0), np.full((40, 3), 3.0))
    with pytest.raises(FoiError, match=r"its images give miou 0\.3333, but its row says 0\.6"):
        gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))


def test_other_images_are_refused(with_images, tmp_path):
    (row,) = with_images[with_images.source == "city"].to_dict("records")
    save(row, tmp_path / "results", np.full((40, 3), 3.0), np.full((40, 3), 5.0),
         [f"x{i}" for i in range(40)])  # fmt: skip
    with pytest.raises(FoiError, match="evaluated on other images"):
        gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))


def test_significant_gains_have_a_star(with_images, tmp_path):
    found = gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))
    made = transfer_matrix.arrange_chains(found, transfer_matrix.training_sizes(found))
    one = transfer_matrix.build_matrix_table(made, ("gain",), id="4a", title="")
    assert one.texts["city"].tolist() == ["+20.0*"]
    assert "(95 % interval +20.0 to +20.0, over images)" in one.hovers["city"].iloc[0]
    assert "* The 95 % interval of the gain excludes 0." in one.notes


def test_intervals_are_the_same_each_time():
    runs = [{"value": value, "metric": "miou"} for value in (0.4, 0.5, 0.7)]
    base = [{"value": 0.5, "metric": "miou"}] * 3
    draws = gain_intervals.ImageDraws({})
    first, second = (
        gain_intervals.chain_interval(runs, base, draws, paired=True, sign=1.0) for _ in range(2)
    )
    assert first == second and math.isfinite(first.gain_low)


def test_chains_of_limited_sources_alone_have_intervals(make_results, tmp_path):
    limited = {"setting": "small_source"}
    frame = make_results((CAMVID, "ilsvrc", 0.5, limited), (CAMVID, CITY, 0.6, limited))
    union = np.full((40, 1), 100.0)
    for source, share in (("ilsvrc", 0.5), ("city", 0.6)):
        (row,) = frame[frame.source == source].to_dict("records")
        save(row, tmp_path / "results", union * share, union)
    row = city(gains.with_gains(frame, image_statistics.find_statistics(tmp_path)))
    assert (row["gain_low"], row["gain_high"], row["resampled"]) == (
        pytest.approx(20), pytest.approx(20), "images",
    )  # fmt: skip
