import collections
import dataclasses

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import grid
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS


def test_a_setting_may_name_the_number_of_target_images():
    row = DATASETS["camvid"]
    assert grid.max_target_images(row, "images25") == 25
    assert grid.max_source_images(row, "images25") is None


def test_target_sizes_are_those_of_section_5():
    assert grid.max_target_images(DATASETS["camvid"], "small") == 150
    assert grid.max_target_images(DATASETS["coco"], "small") == 1000
    assert grid.max_target_images(DATASETS["ade"], "small_source") == 1000
    assert grid.max_target_images(DATASETS["coco"], "full") is None
    assert grid.max_source_images(DATASETS["coco"], "small_source") == 1500
    assert grid.max_source_images(DATASETS["coco"], "small") is None


def test_the_rendered_collection_keeps_their_relation():
    mini = dataclasses.replace(DATASETS["coco"], collection="mini")
    assert grid.max_target_images(mini, "small") == grid.mini_size(1000)
    assert grid.mini_size(150) == 60
    sizes = [grid.mini_size(d.train) for d in sorted(DATASETS.values(), key=lambda d: d.train)]
    assert sizes == sorted(sizes)


def test_subsets_do_not_depend_on_order_and_nest():
    ids = [f"{i:04d}" for i in range(500)]
    chosen = grid.choose_subset(ids, 50)
    assert len(set(chosen)) == 50 and set(chosen) <= set(ids)
    assert grid.choose_subset(ids[::-1], 50) == chosen
    assert set(chosen) <= set(grid.choose_subset(ids, 80))
    assert grid.choose_subset(ids, 50, seed=1) != chosen


def test_subsets_are_the_same_everywhere():
    # Fixed once: a change here would change every published subset.
    assert grid.choose_subset(["a", "b", "c", "d", "e", "f"], 3) == ["b", "c", "f"]


@pytest.mark.parametrize("images", [None, 6, 9])
def test_a_subset_of_all_is_all(images):
    assert grid.choose_subset(["b", "a"], images) == ["a", "b"]


def count(setting, pairs):
    """Counts chains within and across domains, and targets with a within-domain source."""
    found = list(grid.chains(DATASETS, setting, pairs))
    assert len(set(found)) == len(found)
    within = [chain for chain in found if chain.within_domain(DATASETS)]
    return len(within), len(found) - len(within), len({chain.target for chain in within})


def test_tasks_are_those_of_table_1():
    types = collections.Counter(task.type for task in grid.structured_tasks(DATASETS))
    assert types == {"segmentation": 17, "detection": 4, "keypoints": 3, "depth": 3}


def test_chains_are_as_many_as_in_tables_7_and_8():
    assert count("small", "within_type") == (64, 242, 22)
    assert count("full", "within_type") == (78, 242, 26)
    for setting in ("small", "full"):
        across = [c for c in grid.chains(DATASETS, setting) if not c.within_domain(DATASETS)]
        assert len({chain.target for chain in across}) == 27


def test_chains_across_task_types_are_all_ordered_pairs():
    single = 27 * 26 - (17 * 16 + 4 * 3 + 3 * 2 + 3 * 2)
    multi = (27 - 17) + (27 - 4) + (27 - 3)  # Segmentation, detection, depth.
    for setting in ("small", "full"):
        found = list(grid.chains(DATASETS, setting, "cross_type"))
        assert len(found) == single + multi
        assert not any(chain.within_type for chain in found)
        within = set(grid.chains(DATASETS, setting))
        assert set(grid.chains(DATASETS, setting, "all")) == {*found, *within}


def test_limited_sources_are_pairs_of_segmentation_sets():
    assert len(list(grid.chains(DATASETS, "small_source"))) == 17 * 16
    assert list(grid.chains(DATASETS, "small_source", "cross_type")) == []


def test_multi_source_models_need_all_their_parts():
    some = {name: DATASETS[name] for name in ("sunrgbd", "vkitti2", "camvid")}
    assert grid.find_multi_sources(some) == {}
    assert {chain.source.dataset for chain in grid.chains(some, "full")} == set(some)
    depth = some | {"vgallery": DATASETS["vgallery"]}
    assert set(grid.find_multi_sources(depth)) == {"depth"}
    multi = Task("multi", "depth")
    targets = {
        setting: {c.target for c in grid.chains(depth, setting, "all") if c.source == multi}
        for setting in ("small", "full")
    }
    across = {Task(name, "segmentation") for name in depth}
    assert targets["small"] == across
    assert targets["full"] == across | {
        Task(n, "depth") for n in ("sunrgbd", "vkitti2", "vgallery")
    }


def test_an_unknown_setting_is_named():
    with pytest.raises(FoiError, match="unknown setting 'smal'; did you mean 'small'"):
        next(grid.chains(DATASETS, "smal"))
