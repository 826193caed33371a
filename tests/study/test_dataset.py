import pytest

from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.registry import DATASETS


def test_table_1_has_the_papers_task_counts():
    structured = [d for d in DATASETS.values() if d.number]
    assert len(DATASETS) == 21 and len(structured) == 20
    assert sorted(d.number for d in structured) == list(range(1, 21))
    counts = {
        kind: sum(kind in d.classes for d in structured)
        for kind in ("segmentation", "detection", "keypoints", "depth")
    }
    assert counts == {"segmentation": 17, "detection": 4, "keypoints": 3, "depth": 3}


def test_table_1_rows_agree_with_the_paper():
    assert DATASETS["coco"].classes == {"segmentation": 134, "detection": 80, "keypoints": 17}
    assert DATASETS["camvid"].crop == (624, 832)
    assert (DATASETS["kitti"].train, DATASETS["kitti"].val) == (150, 50)
    assert DATASETS["vkitti2"].domain == DATASETS["vgallery"].domain == "synthetic"
    assert DATASETS["ilsvrc"].classes == {"classification": 1000}


def test_tasks_read_as_they_are_written():
    assert str(Task.parse("coco:detection")) == "coco:detection"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coco", "dataset:type"),
        (":segmentation", "dataset:type"),
        ("coco:segmentaton", "did you mean 'segmentation'?"),
    ],
)
def test_wrong_tasks_are_refused(text, said):
    with pytest.raises(FoiError, match=said.replace("?", r"\?")):
        Task.parse(text)


def test_a_task_must_be_annotated():
    with pytest.raises(FoiError, match="camvid has no depth annotations; it has segmentation"):
        Task("camvid", "depth").check(DATASETS)
    with pytest.raises(FoiError, match="did you mean 'camvid'"):
        Task("camvd", "segmentation").check(DATASETS)


def test_an_unknown_domain_is_refused():
    with pytest.raises(FoiError, match="unknown domain 'drivin'; did you mean 'driving'"):
        Dataset(id="x", domain="drivin", train=1, val=1, classes={})


def test_sizes_may_differ_by_task_type():
    row = Dataset(
        id="x", domain="aerial", train=9, val=4, classes={"segmentation": 2, "detection": 1},
        split_sizes={"segmentation": (5, 3)},
    )  # fmt: skip
    assert row.size("segmentation", "train") == 5
    assert row.size("detection", "val") == 4


@pytest.mark.parametrize(
    ("task", "sizes"),
    [
        ("pvoc:segmentation", (10_582, 1_449)),
        ("pvoc:detection", (5_011, 4_952)),  # VOC2007.
        ("coco:segmentation", (118_287, 5_000)),
        ("coco:detection", (117_266, 5_000)),  # Images with objects.
        ("coco:keypoints", (64_115, 5_000)),  # Images with persons.
        ("bdd:segmentation", (7_000, 1_000)),
        ("bdd:detection", (69_863, 10_000)),  # BDD100K.
    ],
)
def test_numbers_of_images_are_a_tasks(task, sizes):
    task = Task.parse(task)
    row = DATASETS[task.dataset]
    assert (row.size(task.type, "train"), row.size(task.type, "val")) == sizes
