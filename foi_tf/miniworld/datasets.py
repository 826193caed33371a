"""Lists the 21 datasets of the rendered collection, counterparts of the paper's."""

import types
from collections.abc import Mapping

from foi_tf.miniworld.labels import DETECTION, SEGMENTATION
from foi_tf.miniworld.single import SUBJECTS
from foi_tf.study import registry
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.grid import PRETRAINING, mini_size
from foi_tf.study.labels import joints

VAL = 100  # Images (ours); enough for a stable metric, and quick to render.
ILSVRC_VAL = 400
_SIZES: dict[str, Size] = {"driving": (96, 160)}
_SQUARE: Size = (128, 128)

# In meters; ours, from the distances in rendered rooms and streets.
_DEPTH_RANGES = {"sunrgbd": (0.3, 8.0), "vkitti2": (1.0, 80.0), "vgallery": (0.3, 15.0)}


def _make_row(paper: Dataset) -> Dataset:
    """Returns the row of the rendered counterpart of one of the paper's datasets."""
    names: dict[str, tuple[str, ...]] = {}
    for task_type in paper.classes:
        if task_type == "segmentation":
            names[task_type] = tuple(SEGMENTATION[paper.id])
        elif task_type == "detection":
            names[task_type] = tuple(DETECTION[paper.id])
        elif task_type == "keypoints":
            names[task_type] = joints.KEYPOINTS[paper.id]
        elif task_type == "classification":
            names[task_type] = tuple(SUBJECTS)
    landscape = paper.domain == "driving" or paper.id == "vkitti2"
    return Dataset(
        collection="mini",
        id=paper.id,
        name=paper.name,
        domain=paper.domain,
        number=paper.number,
        train=mini_size(paper.train),
        val=ILSVRC_VAL if paper.id == "ilsvrc" else VAL,
        classes={task_type: len(names.get(task_type, ("depth",))) for task_type in paper.classes},
        names=names,
        crop=_SIZES["driving"] if landscape else _SQUARE,
        flip_pairs=joints.find_flip_pairs(names.get("keypoints", ())),
        sigmas=joints.oks_sigmas(paper.id),
        depth_range=_DEPTH_RANGES.get(paper.id),
    )


# Counterparts of Table 1's datasets, which have numbers there, and of ILSVRC'12.
DATASETS: Mapping[str, Dataset] = types.MappingProxyType(
    {
        paper.id: _make_row(paper)
        for paper in registry.DATASETS.values()
        if paper.number or paper.id == PRETRAINING.dataset
    }
)
