import numpy as np
import pandas as pd
import pytest
from scipy import stats

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import transfer_matrix
from foi_tf.errors import FoiError
from foi_tf.study import image_statistics
from foi_tf.study.image_statistics import ImageStatistics

CAMVID, CITY, DEPTH = "camvid:segmentation", "city:segmentation", "sunrgbd:depth"


def city(frame):
    (row,) = frame[frame.source == "city"].to_dict("records")
    return row


def seeds(source, values, first=0, target=CAMVID):
    return [(target, source, x, {"seed": first + i}) for i, x in enumerate(values)]


def test_one_chain_has_the_t_interval_of_its_pairs(make_results):
    base, own = np.array([0.50, 0.55, 0.45]), np.array([0.60, 0.62, 0.55])
    row = city(gains.with_gains(make_results(*seeds("ilsvrc", base), *seeds(CITY, own))))
    ratio = np.log(own) - np.log(base)
    half = stats.t.ppf(0.975, 2) * ratio.std(ddof=1) / np.sqrt(3)
    low, high = 100 * np.expm1(ratio.mean() - half), 100 * np.expm1(ratio.mean() + half)
    # Both rows of the table have the same residuals, so that pooling changes nothing but the df.
    assert row["df"] < 2
    assert row["gain_low"] < low and row["gain_high"] > high
    assert row["noise"] == pytest.approx(100 * ratio.std(ddof=1) / np.sqrt(2))


def test_the_effect_of_a_shared_seed_cancels(make_results):
    # Baselines differ by far more than gains do: +10 % of each.
    base = np.array([0.2, 0.4, 0.6, 0.8, 0.5])
    row = city(gains.with_gains(make_results(*seeds("ilsvrc", base), *seeds(CITY, 1.1 * base))))
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((10, 10), abs=1e-3)
    assert row["significant"] and row["verdict"] == "clearly positive"


def test_seeds_that_are_not_shared_do_not_cancel(make_results):
    base = np.array([0.2, 0.4, 0.6, 0.8, 0.5])
    specs = [*seeds("ilsvrc", base), *seeds(CITY, 1.1 * base, first=10)]
    row = city(gains.with_gains(make_results(*specs)))
    assert row["gain_low"] < -20 and row["gain_high"] > 50


def test_chains_borrow_noise_from_each_other(make_results):
    rng = np.random.default_rng(0)
    sources = ["coco", "pvoc", "isprs", "vkitti2", "sunrgbd", "city"]
    specs = seeds("ilsvrc", 0.5 * np.exp(rng.normal(0, 0.01, 2)))
    for source in sources:
        specs += seeds(f"{source}:segmentation", 0.6 * np.exp(rng.normal(0, 0.01, 2)))
    row = city(gains.with_gains(make_results(*specs)))
    assert row["df"] > 3 and 0.3 < row["noise"] < 3
    assert row["spread_from"] == "7 chains with several seeds"
    assert row["verdict"] == "clearly positive" and row["more_seeds"] == 0


def test_pretrainings_do_not_share_noise(make_results):
    rng, rows = np.random.default_rng(0), []
    for init, digest, deviation in (
        ("ilsvrc", "a" * 16, 0.01), ("ilsvrc", "b" * 16, 0.3), ("simclr", "c" * 16, 0.1),
    ):  # fmt: skip
        specs = []
        for source in ("ilsvrc", CITY):
            for seed, value in enumerate(0.5 * np.exp(rng.normal(0, deviation, 12))):
                fields = {"seed": seed, "init": init, "pretraining": digest}
                specs.append((CAMVID, source, value, fields))
        found = make_results(*specs)  # In one directory, those of the same name replace others.
        rows.append(found[found.pretraining == digest])
    frame = gains.with_gains(pd.concat(rows, ignore_index=True))
    noise = frame[frame.source == "city"].set_index("init").noise
    expected = {"ilsvrc@aaaaaaaa": 1, "ilsvrc@bbbbbbbb": 30, "simclr": 10}
    assert set(noise.index) == set(expected)
    for init, percent in expected.items():
        assert 0.5 * percent < noise[init] < 2 * percent
    texts = frame[frame.source == "city"].spread_from
    assert set(texts) == {"2 chains with several seeds"}  # Of its own pre-training only.


def test_one_seed_of_two_sources_cannot_be_told(study):
    frame = gains.with_gains(study)
    row = frame[(frame.source == "vkitti2") & (frame.target == "sunrgbd")].iloc[0]
    assert np.isnan([row.gain_low, row.p_better, row.more_seeds]).all()
    assert (row.verdict, row.spread_from) == ("cannot be told", "")


def test_single_seeds_take_the_spread_of_sources_as_a_bound(make_results):
    values = {"coco": 0.50, "pvoc": 0.52, "isprs": 0.48, "vkitti2": 0.51, "city": 0.53}
    specs = [(CAMVID, "ilsvrc", 0.5)]
    specs += [(CAMVID, f"{source}:segmentation", x) for source, x in values.items()]
    row = city(gains.with_gains(make_results(*specs)))
    spread = np.log(list(values.values())).std(ddof=1)
    half = stats.t.ppf(0.975, 4) * spread * np.sqrt(2)
    assert row["gain_low"] == pytest.approx(100 * np.expm1(np.log(0.53 / 0.5) - half))
    assert row["spread_from"] == "the spread of 5 sources, at least that of runs"
    assert not row["significant"]


def test_single_seeds_borrow_from_another_setting(make_results):
    full = {"setting": "full"}
    specs = [*seeds("ilsvrc", [0.5, 0.52]), *seeds(CITY, [0.6, 0.58]), *seeds("coco:depth", [1, 2])]
    specs += [(CAMVID, "ilsvrc", 0.7, full), (CAMVID, CITY, 0.9, full)]
    frame = gains.with_gains(make_results(*specs[:4], *specs[6:]))
    row = city(frame[frame.setting == "full"])
    assert row["spread_from"] == "2 chains with several seeds, small setting"
    assert row["df"] == pytest.approx(4) and np.isfinite(row["gain_low"])


def test_a_run_that_found_nothing_loses_everything(make_results):
    specs = [*seeds("ilsvrc", [0.5, 0.52]), *seeds(CITY, [0.0, 0.0])]
    row = city(gains.with_gains(make_results(*specs)))
    assert row["gain"] == pytest.approx(-100) and row["gain_low"] == pytest.approx(-100)


def test_draws_have_the_mean_and_the_spread_that_are_told(make_results):
    rng = np.random.default_rng(0)
    specs = seeds("ilsvrc", 0.5 * np.exp(rng.normal(0, 0.02, 3)))
    for source in ("coco", "pvoc", "isprs", "vkitti2", "sunrgbd", "city"):
        specs += seeds(f"{source}:segmentation", 0.55 * np.exp(rng.normal(0, 0.02, 3)))
    specs += seeds("scratch", [0.3, 0.31, 0.32])
    analysis = StudyAnalysis(make_results(*specs))
    drawn = analysis.noise.draw_gains(4000)
    chains = analysis.chains.reset_index()
    known = chains.p_better.notna().to_numpy()
    assert drawn.shape == (4000, len(chains))
    better = (drawn > 0).mean(0)[known]
    np.testing.assert_allclose(better, chains.p_better[known], atol=0.03)
    practical = (drawn > 2).mean(0)[known]
    np.testing.assert_allclose(practical, chains.p_practical[known], atol=0.03)


def test_equal_values_of_seeds_tell_nothing_of_noise(make_results):
    row = city(
        gains.with_gains(make_results(*seeds("ilsvrc", [0.5, 0.5]), *seeds(CITY, [0.515] * 2)))
    )
    assert row["gain"] == pytest.approx(3) and not row["significant"]
    assert np.isnan([row["gain_low"], row["p_better"]]).all()


def save(row, directory, numerator, denominator, names=None):
    names = np.array(names or [f"{i:03}" for i in range(len(numerator))])
    image_statistics.write_beside_row(
        ImageStatistics(names, numerator, denominator), row, directory
    )


@pytest.fixture
def with_images(make_results, tmp_path):
    """Results of two seeds with statistics by image: +20 % in each of 40 images."""
    rng = np.random.default_rng(0)
    union = rng.integers(50, 100, (40, 3)).astype(float)
    frame = make_results(*seeds("ilsvrc", [0.5, 0.500001]), *seeds(CITY, [0.6, 0.600001]))
    for row in frame.to_dict("records"):
        share = 0.5 if row["source"] == "ilsvrc" else 0.6
        save(row, tmp_path / "results", union * share, union)
    return frame


def test_images_are_shared_by_a_chain_and_its_baseline(with_images, tmp_path):
    row = city(gains.with_gains(with_images, image_statistics.find_statistics(tmp_path)))
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((20, 20), abs=1e-3)
    assert row["significant"]
    assert row["spread_from"] == "2 chains with several seeds, and 40 images"


def test_images_that_a_source_helps_unevenly_widen_the_interval(make_results, tmp_path):
    rng = np.random.default_rng(1)
    known = np.full((60, 1), 100.0)
    squared = rng.uniform(10, 50, (2, 60, 1))
    rmse = [float(np.sqrt(x.sum() / known.sum())) for x in squared]
    specs = [*seeds("ilsvrc", [rmse[0], rmse[0] + 1e-6], target=DEPTH)]
    specs += seeds("vkitti2:depth", [rmse[1], rmse[1] + 1e-6], target=DEPTH)
    frame = make_results(*specs)
    for row in frame.to_dict("records"):
        save(row, tmp_path / "results", squared[int(row["source"] == "vkitti2")], known)
    found = gains.with_gains(frame, image_statistics.find_statistics(tmp_path))
    row = found[found.source == "vkitti2"].iloc[0]
    drawn = rng.integers(0, 60, (4_000, 60))
    ratio = 0.5 * np.log(squared[0][drawn, 0].sum(1) / squared[1][drawn, 0].sum(1))
    half = stats.t.ppf(0.975, 59) * ratio.std()
    middle = np.log(rmse[0] / rmse[1])
    assert row.gain_low == pytest.approx(100 * (1 - np.exp(half - middle)), abs=1)
    assert row.gain_high == pytest.approx(100 * (1 - np.exp(-half - middle)), abs=1)


def test_statistics_of_another_run_are_refused(with_images, tmp_path):
    row = with_images[with_images.source == "city"].to_dict("records")[0]
    save(row, tmp_path / "results", np.full((40, 3), 1.0), np.full((40, 3), 3.0))
    with pytest.raises(FoiError, match=r"its images give miou 0\.3333, but its row says 0\.6"):
        gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))


def test_other_images_are_refused(with_images, tmp_path):
    row = with_images[with_images.source == "city"].to_dict("records")[0]
    save(row, tmp_path / "results", np.full((40, 3), 3.0), np.full((40, 3), 5.0),
         [f"x{i}" for i in range(40)])  # fmt: skip
    with pytest.raises(FoiError, match="evaluated on other images"):
        gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))


def test_clear_gains_have_a_star(with_images, tmp_path):
    found = gains.with_gains(with_images, image_statistics.find_statistics(tmp_path))
    made = transfer_matrix.arrange_chains(found, transfer_matrix.training_sizes(found))
    one = transfer_matrix.build_matrix_table(made, ("gain",), id="4a", title="")
    assert one.texts["city"].tolist() == ["+20.0* ± 0.0 (2)"]
    assert "(95 % interval +20.0 to +20.0); clearly positive" in one.hovers["city"].iloc[0]
    assert "* Clearly not 0: at most 5 % of gains without an effect have a star." in one.notes
