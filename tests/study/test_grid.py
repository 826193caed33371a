import dataclasses

import pytest

from foi_tf.study import grid
from foi_tf.study.registry import DATASETS


def test_target_sizes_are_those_of_section_5():
    assert grid.target_images(DATASETS["camvid"], "small") == 150
    assert grid.target_images(DATASETS["coco"], "small") == 1000
    assert grid.target_images(DATASETS["ade"], "small_source") == 1000
    assert grid.target_images(DATASETS["coco"], "full") is None
    assert grid.source_images(DATASETS["coco"], "small_source") == 1500
    assert grid.source_images(DATASETS["coco"], "small") is None


def test_the_rendered_collection_keeps_their_relation():
    mini = dataclasses.replace(DATASETS["coco"], collection="mini")
    assert grid.target_images(mini, "small") == grid.mini_size(1000)
    assert grid.mini_size(150) == 60
    sizes = [grid.mini_size(d.train) for d in sorted(DATASETS.values(), key=lambda d: d.train)]
    assert sizes == sorted(sizes)


def test_subsets_do_not_depend_on_order_and_nest():
    ids = [f"{i:04d}" for i in range(500)]
    chosen = grid.subset(ids, 50)
    assert len(set(chosen)) == 50 and set(chosen) <= set(ids)
    assert grid.subset(ids[::-1], 50) == chosen
    assert set(chosen) <= set(grid.subset(ids, 80))
    assert grid.subset(ids, 50, seed=1) != chosen


def test_subsets_are_the_same_everywhere():
    # Fixed once: a change here would change every published subset.
    assert grid.subset(["a", "b", "c", "d", "e", "f"], 3) == ["b", "c", "f"]


@pytest.mark.parametrize("images", [None, 6, 9])
def test_a_subset_of_all_is_all(images):
    assert grid.subset(["b", "a"], images) == ["a", "b"]
