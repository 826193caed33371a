"""The 21 datasets of the rendered collection, as counterparts of the paper's."""

import types
from collections.abc import Mapping

from foi_tf.data.miniworld.labels import DETECTION, SEGMENTATION
from foi_tf.data.miniworld.person import COCO_KEYPOINTS, MPII_KEYPOINTS
from foi_tf.data.miniworld.quadruped import DOG_KEYPOINTS
from foi_tf.data.miniworld.single import SUBJECTS
from foi_tf.study.dataset import Dataset, Size
from foi_tf.study.registry import DATASETS as PAPER

VAL = 100  # Images (ours); enough for a stable metric, and quick to render.
ILSVRC_VAL = 400
_SIZES: dict[str, Size] = {"driving": (96, 160)}
_SQUARE: Size = (128, 128)

# Metres; ours, from what the rooms and streets of the world can show.
_DEPTH_RANGES = {"sunrgbd": (0.3, 8.0), "vkitti2": (1.0, 80.0), "vgallery": (0.3, 15.0)}

KEYPOINTS: dict[str, tuple[str, ...]] = {
    "coco": COCO_KEYPOINTS, "mpii": MPII_KEYPOINTS, "dogs": DOG_KEYPOINTS,
}  # fmt: skip

# OKS falloffs by joint: COCO's own, as in its evaluation code.
_SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072,
    "wrist": 0.062, "hip": 0.107, "knee": 0.087, "ankle": 0.089,
    # MPII has no OKS. Ours: for the trunk as COCO's shoulder and hip, for the head
    # between COCO's ear and shoulder.
    "pelvis": 0.107, "thorax": 0.079, "neck": 0.079, "head top": 0.057,
}  # fmt: skip
# StanfordExtra has no OKS either. Ours: paws and face like COCO's face, joints within
# the fur like its limbs.
_DOG_SIGMAS = {
    "paw": 0.062, "knee": 0.072, "elbow": 0.087, "tail start": 0.087, "tail end": 0.079,
    "ear base": 0.045, "ear tip": 0.062, "nose": 0.035, "chin": 0.045,
}  # fmt: skip


def _train_size(images: int) -> int:
    """The paper's sizes under a square root: same order, at least 60 images (ours)."""
    return round(60 * (images / 150) ** 0.5)


def _joint(name: str) -> str:
    """The joint's name without its side and leg."""
    words = [word for word in name.split() if word not in ("left", "right", "front", "rear")]
    return " ".join(words)


def flip_pairs(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Index pairs of each left joint and its right one."""
    return tuple(
        (i, names.index(name.replace("left", "right")))
        for i, name in enumerate(names)
        if name.startswith("left")
    )


def _row(paper: Dataset) -> Dataset:
    names: dict[str, tuple[str, ...]] = {}
    for task_type in paper.classes:
        if task_type == "segmentation":
            names[task_type] = tuple(SEGMENTATION[paper.id])
        elif task_type == "detection":
            names[task_type] = tuple(DETECTION[paper.id])
        elif task_type == "keypoints":
            names[task_type] = KEYPOINTS[paper.id]
        elif task_type == "classification":
            names[task_type] = tuple(SUBJECTS)
    joints = names.get("keypoints", ())
    sigmas = _DOG_SIGMAS if paper.id == "dogs" else _SIGMAS
    landscape = paper.domain == "driving" or paper.id == "vkitti2"
    return Dataset(
        collection="mini",
        id=paper.id,
        name=paper.name,
        domain=paper.domain,
        number=paper.number,
        train=_train_size(paper.train),
        val=ILSVRC_VAL if paper.id == "ilsvrc" else VAL,
        classes={task_type: len(names.get(task_type, ("depth",))) for task_type in paper.classes},
        names=names,
        crop=_SIZES["driving"] if landscape else _SQUARE,
        flip_pairs=flip_pairs(joints),
        sigmas=tuple(sigmas[_joint(name)] for name in joints),
        depth_range=_DEPTH_RANGES.get(paper.id),
    )


DATASETS: Mapping[str, Dataset] = types.MappingProxyType(
    {paper.id: _row(paper) for paper in PAPER.values()}
)
