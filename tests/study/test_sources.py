import collections

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import sources
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS


def test_a_source_is_a_task_a_multi_source_model_or_a_set():
    assert sources.parse_source("coco:segmentation") == Task("coco", "segmentation")
    assert sources.parse_source("multi:depth") == Task("multi", "depth")
    chosen = sources.parse_source("coco:segmentation+ade:segmentation")
    assert str(chosen) == "ade+coco:segmentation"
    assert sources.parse_source("ade:segmentation+coco:segmentation") == chosen
    assert sources.source_parts(chosen) == (
        Task("ade", "segmentation"),
        Task("coco", "segmentation"),
    )
    assert sources.source_parts(Task("coco", "depth")) == (Task("coco", "depth"),)


def test_the_papers_sets_have_its_names_however_they_are_written():
    typed = "vkitti2:depth+sunrgbd:depth+vgallery:depth"
    assert sources.parse_source(typed) == Task("multi", "depth")
    assert {p.dataset for p in sources.source_parts(Task("multi", "detection"))} == {
        "coco", "bdd", "pvoc", "uwt",
    }  # fmt: skip


def test_the_papers_segmentation_set_is_the_largest_of_each_domain_and_all_synthetic_ones():
    """The paper gives no rule; this one agrees with its list (section 5.1)."""
    by_domain = collections.defaultdict(list)
    for row in DATASETS.values():
        if "segmentation" in row.classes:
            by_domain[row.domain].append(row)
    synthetic = by_domain.pop("synthetic")
    largest = {max(rows, key=lambda row: row.train).id for rows in by_domain.values()}
    found = {part.dataset for part in sources.source_parts(Task("multi", "segmentation"))}
    assert found == largest | {row.id for row in synthetic}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coco:segmentation+ade:depth", "must be of one type"),
        ("coco:segmentation+coco:segmentation", "name each dataset once"),
        ("multi:segmentation+ade:segmentation", "'multi' only by itself"),
        ("multi:keypoints", "unknown multi-source task type 'keypoints'"),
        ("coco+ade", "must be written dataset:type"),
    ],
)
def test_what_is_no_source_is_refused(text, said):
    with pytest.raises(FoiError, match=said.replace("+", r"\+")):
        sources.parse_source(text)


def test_the_order_of_turns_follows_from_the_seed_alone():
    source = Task("multi", "segmentation")
    orders = {sources.interleave_parts(source, seed) for seed in range(20)}
    assert len(orders) > 15
    assert all(set(order) == set(sources.source_parts(source)) for order in orders)
    # Fixed for good: links are identified by it.
    assert [task.dataset for task in sources.interleave_parts(source, 0)] == [
        "scannet", "suim", "coco", "vgallery", "vkitti2", "mapillary", "isaid",
    ]  # fmt: skip
