"""Tests the tasks of Table 3, and that the grid does without them."""

from foi_tf.study import chain_choice, grid
from foi_tf.study.dataset import TABLE3
from foi_tf.study.labels import NAMES, mseg
from foi_tf.study.registry import DATASETS
from foi_tf.study.validation_tasks import PUBLISHED, VALIDATION_DATASETS, VALIDATION_TASKS


def test_msegs_universal_classes_have_its_places():
    assert len(mseg.UNIVERSAL) == len(set(mseg.UNIVERSAL)) == 194
    # Places that MSeg's documentation names.
    assert mseg.UNIVERSAL[98] == "road"
    assert [mseg.UNIVERSAL[i] for i in (0, 31, 32, 35, 94)] == [
        "backpack", "tunnel", "bridge", "building", "gravel",
    ]  # fmt: skip


def test_every_class_of_a_publisher_is_part_of_one_universal_class():
    coco = mseg.map_to_universal("coco-panoptic-133")
    assert set(coco) == set(NAMES["coco"]["segmentation"][1:])
    assert len(coco) == 133 and len(mseg.list_universal("coco-panoptic-133")) == 122
    assert {name for name, one in coco.items() if one == "terrain"} == {
        "grass-merged", "sand", "dirt-merged",
    }  # fmt: skip
    assert coco["handbag"] == "bag" and coco["stop sign"] == "traffic_sign"
    for column, rider in (("bdd", "rider_other"), ("cityscapes-19", "bicyclist")):
        found = mseg.map_to_universal(column)
        assert set(found) == set(NAMES["bdd"]["segmentation"][1:])
        assert len(set(found.values())) == 19 and found["rider"] == rider


def test_classes_keep_the_order_of_the_universal_ones():
    for name in ("bdd", "city", "coco"):
        row = VALIDATION_DATASETS[f"{name}_mseg"]
        places = [mseg.UNIVERSAL.index(one) for one in row.names["segmentation"]]
        assert places == sorted(places)


def test_rows_are_those_of_table_3():
    assert [str(task) for task in VALIDATION_TASKS] == [
        "nyuv2:depth", "coco:keypoints", "coco:detection", "bdd_mseg:segmentation",
        "city_mseg:segmentation", "coco_mseg:segmentation", "pcontext_mseg:segmentation",
        "scannet_mseg:segmentation",
    ]  # fmt: skip
    classes = {row.id: row.classes.get("segmentation") for row in VALIDATION_DATASETS.values()}
    assert classes == {
        "nyuv2": None, "bdd_mseg": 19, "city_mseg": 19, "coco_mseg": 122, "pcontext_mseg": 60,
        "scannet_mseg": 20,
    }  # fmt: skip
    assert (VALIDATION_DATASETS["nyuv2"].train, VALIDATION_DATASETS["nyuv2"].val) == (795, 654)
    for row in VALIDATION_DATASETS.values():
        assert row.collection == TABLE3 and row.default_config == "paper" and row.number == 0
    for task in VALIDATION_TASKS:
        task.check(PUBLISHED)


def test_the_grid_does_without_them():
    assert not set(VALIDATION_DATASETS) & set(DATASETS)
    assert set(PUBLISHED) == {*DATASETS, *VALIDATION_DATASETS}
    for setting, within, across in (("small", 64, 242), ("full", 78, 242)):
        counted = chain_choice.count_chains(grid.chains(DATASETS, setting), DATASETS)
        numbers = {(domain, kind): chains for domain, kind, chains, _ in counted}
        assert numbers["within", "within"] == within and numbers["cross", "within"] == across
    assert len(grid.structured_tasks(DATASETS)) == 27
