"""Renders examples for tests, and lists the datasets that have each kind of annotation."""

from foi_tf.miniworld import DATASETS, render

WITH = {
    task_type: [row.id for row in DATASETS.values() if task_type in row.classes]
    for task_type in ("segmentation", "detection", "keypoints", "depth")
}


def samples(dataset_id: str, count: int = 6, split: str = "train"):
    return [render(dataset_id, split, index) for index in range(count)]
