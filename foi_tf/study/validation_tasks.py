"""Lists the tasks of Table 3 (section 4.3), which validate each task type alone.

They are no part of the grid: no plan of chains, ranking or table of gains counts them. Five of
them segment in MSeg's spaces of classes, on the publishers' masks, as the networks of Lambert et
al. beside them in Table 3e are tested: BDD, Cityscapes and COCO in universal classes, Pascal
Context and ScanNet in MSeg's classes of their own. That the paper does the same is our reading.
MSeg leaves universal classes that a dataset lacks out of the mean; here they have no output.
"""

import types

from foi_tf.study.dataset import DEPTH, DETECTION, KEYPOINTS, SEGMENTATION, TABLE3, Dataset, Task
from foi_tf.study.labels import NAMES, mseg
from foi_tf.study.registry import DATASETS


def _in_mseg(parent: str, names: tuple[str, ...], ignored: tuple[str, ...]) -> Dataset:
    """Makes the row of a dataset of the grid with the classes of MSeg."""
    row = DATASETS[parent]
    return Dataset(
        collection=TABLE3,
        id=f"{parent}_mseg",
        domain=row.domain,
        name=f"{row.name} (MSeg)",
        train=row.train,
        val=row.val,
        classes={SEGMENTATION: len(names)},
        names={SEGMENTATION: names},
        ignored=ignored,
        crop=row.crop,
        mean=row.mean,
        std=row.std,
    )


_UNLABELED = (mseg.UNLABELED,)
_ROWS = (
    Dataset(
        collection=TABLE3,
        id="nyuv2",
        domain="indoor",
        name="NYU Depth v2",
        train=795,
        val=654,
        classes={DEPTH: 1},
        crop=(480, 640),  # The size of its images; the paper prints none.
        depth_range=(0.0, 10.0),  # The sensor's; ours.
    ),
    _in_mseg("bdd", mseg.list_universal("bdd"), _UNLABELED),
    _in_mseg("city", mseg.list_universal("cityscapes-19"), _UNLABELED),
    _in_mseg("coco", mseg.list_universal("coco-panoptic-133"), _UNLABELED),
    # MSeg trains and tests on the background, too.
    _in_mseg("pcontext", tuple(sorted(NAMES["pcontext"][SEGMENTATION])), ()),
    _in_mseg("scannet", mseg.SCANNET, _UNLABELED),
)

VALIDATION_DATASETS = types.MappingProxyType({row.id: row for row in _ROWS})
# Every dataset that has a layout.
PUBLISHED = types.MappingProxyType({**DATASETS, **VALIDATION_DATASETS})
# Without the pre-training, which is Table 3a.
VALIDATION_TASKS = (
    Task("nyuv2", DEPTH),
    Task("coco", KEYPOINTS),
    Task("coco", DETECTION),
    *(Task(row.id, SEGMENTATION) for row in _ROWS if SEGMENTATION in row.classes),
)
