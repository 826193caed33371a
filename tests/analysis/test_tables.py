import csv
import io

import pytest

from foi_tf.analysis import gains, tables

CAMVID, CITY = "camvid:segmentation", "city:segmentation"


@pytest.fixture
def made(study):
    return {table.name: table for table in tables.tables(gains.with_gains(study))}


def test_one_table_for_each_pair_of_task_types(made):
    assert list(made) == [
        "small-segmentation-from-segmentation-hrnet_w48-ilsvrc",
        "small-segmentation-from-detection-hrnet_w48-ilsvrc",
        "small-depth-from-depth-hrnet_w48-ilsvrc",
        "small-depth-from-segmentation-hrnet_w48-ilsvrc",
    ]


def test_targets_and_sources_stand_in_the_order_of_the_paper(make_results):
    sources = [CITY, CAMVID, "coco:segmentation", "pvoc:segmentation", "multi:segmentation",
               "sunrgbd:segmentation", "isprs:segmentation"]  # fmt: skip
    frame = make_results(
        *[(target, "ilsvrc", 0.5) for target in sources if "multi" not in target],
        *[("isprs:segmentation", source, 0.5) for source in sources[:-1]],
        ("isprs:segmentation", "scratch", 0.2),
        *[(target, "isprs:segmentation", 0.5) for target in sources if "multi" not in target],
    )
    (table,) = tables.tables(gains.with_gains(frame))
    assert [source for _, source in table.cells["gain"].columns] == [
        "pvoc", "coco", "camvid", "city", "isprs", "sunrgbd", "multi", "ilsvrc", "scratch",
    ]  # fmt: skip
    # All targets have 150 images here; their sizes as sources order them.
    assert [target for _, target, _ in table.cells["gain"].index] == [
        "pvoc", "coco", "camvid", "city", "isprs", "sunrgbd",
    ]  # fmt: skip


def test_cells_hold_mean_deviation_and_seeds(made):
    cells = made["small-segmentation-from-segmentation-hrnet_w48-ilsvrc"].cells
    row, column = ("driving", "camvid", "miou"), ("driving", "city")
    assert cells["gain"].loc[row, column] == pytest.approx(25)
    assert cells["gain_std"].loc[row, column] == pytest.approx(50**0.5)
    assert cells["value"].loc[row, column] == pytest.approx(0.56)
    assert cells["seeds"].loc[row, column] == 2
    assert cells["gain"].loc[row, ("", "ilsvrc")] == 0
    assert cells["gain"].loc[row, ("", "scratch")] == pytest.approx(-40)
    assert cells["gain"].isna().loc[("aerial", "isprs", "miou"), column]


def test_baselines_stand_only_beside_their_targets_sources(made):
    cells = made["small-segmentation-from-detection-hrnet_w48-ilsvrc"].cells
    assert [target for _, target, _ in cells["value"].index] == ["camvid"]
    assert [source for _, source in cells["value"].columns] == ["coco", "ilsvrc", "scratch"]


def test_limited_sources_are_shown_with_the_baseline_of_the_small_setting(make_results):
    frame = make_results(
        (CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6, {"setting": "small_source"})
    )  # fmt: skip
    (table,) = tables.tables(gains.with_gains(frame))
    assert table.setting == "small_source"
    assert [source for _, source in table.cells["gain"].columns] == ["city", "ilsvrc"]


def test_targets_without_sources_have_a_table_of_their_own(make_results):
    frame = make_results((CAMVID, "ilsvrc", 0.5), (CITY, "ilsvrc", 0.5), (CITY, CAMVID, 0.6))
    with_source, without = tables.tables(gains.with_gains(frame))
    assert [target for _, target, _ in with_source.cells["value"].index] == ["city"]
    assert [target for _, target, _ in without.cells["value"].index] == ["camvid"]
    assert without.cells["value"].iat[0, 0] == 0.5
    assert without.name == "small-segmentation-from-none-hrnet_w48-ilsvrc"


def test_networks_and_weights_have_tables_of_their_own(make_results):
    kinds = [{}, {"backbone": "resnet50"}, {"init": "some/path"}, {"init": "some-path"}]
    chains = [
        (*chain, kind or {"seed": 0})
        for kind in kinds
        for chain in [(CAMVID, "ilsvrc", 0.5), (CAMVID, CITY, 0.6)]
    ]
    found = tables.tables(gains.with_gains(make_results(*chains)))
    assert len({table.name for table in found}) == 4
    assert all("/" not in table.name for table in found)


def test_markdown_for_people(made):
    text = tables.markdown(made["small-segmentation-from-segmentation-hrnet_w48-ilsvrc"])
    lines = text.splitlines()
    assert "| target | coco | city | isprs | multi | ilsvrc | scratch |" in lines
    camvid = "| camvid (mIoU) | +5.0 | +25.0 ± 7.1 (2) | -10.0 |  | +0.0 ± 0.0 (2) | -40.0 |"
    assert camvid in lines
    assert "| isprs (mIoU) | 0.380 |  |  | 0.420 | 0.400 |  |" in lines


def test_csv_for_machines(study, made):
    chains = gains.with_gains(study)
    long = list(csv.DictReader(io.StringIO(tables.long_csv(chains))))
    assert len(long) == len(chains)
    city = next(row for row in long if row["source"] == "city")
    assert float(city["gain"]) == pytest.approx(25)
    assert (city["target_domain"], city["level"], city["seeds"]) == ("driving", "VP", "2")
    table = made["small-depth-from-depth-hrnet_w48-ilsvrc"]
    (row,) = csv.DictReader(io.StringIO(tables.wide_csv(table, "gain")))
    assert list(row) == ["target_domain", "target", "metric", "vkitti2", "ilsvrc"]
    assert float(row["vkitti2"]) == pytest.approx(25)


def test_no_gain_is_printed_as_minus_zero():
    assert [tables.gain_text(x) for x in (-0.04, 0.0, 12.34, -3.25)] == [
        "+0.0", "+0.0", "+12.3", "-3.2",
    ]  # fmt: skip
