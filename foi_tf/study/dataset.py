"""What a dataset and a task are."""

import dataclasses
from collections.abc import Mapping

from foi_tf.errors import FoiError, unknown_name_error

DOMAINS = (
    "consumer", "driving", "aerial", "indoor", "underwater", "close-up", "synthetic", "websearch",
)  # fmt: skip
SEGMENTATION, DETECTION, KEYPOINTS, DEPTH = "segmentation", "detection", "keypoints", "depth"
STRUCTURED_TASK_TYPES = (SEGMENTATION, DETECTION, KEYPOINTS, DEPTH)
ANNOTATED_TASK_TYPES = (*STRUCTURED_TASK_TYPES, "classification")
CONTRASTIVE = "contrastive"  # Self-supervision: of images alone, so every dataset has it.
TASK_TYPES = (*ANNOTATED_TASK_TYPES, CONTRASTIVE)

# COCO's own metric and no NMS for the boxes of these two, in all collections (Appendix C).
_COCO_BOXES = frozenset({"coco", "bdd"})

Size = tuple[int, int]  # (height, width) in pixels.
Channels = tuple[float, float, float]  # One value for each of R, G, B, of pixels in [0, 1].


def domain_order(domain: str) -> int:
    """Returns the place of a domain in tables; domains outside `DOMAINS` come last."""
    return DOMAINS.index(domain) if domain in DOMAINS else len(DOMAINS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images with annotations.

    Attributes:
      id: the name used in tasks and paths.
      name: the name in print.
      domain: one of `DOMAINS`.
      train, val: how many images each split has.
      classes: by task type, how many classes (segmentation, detection,
        classification), keypoints (keypoints) or channels (depth: 1) there are. Its
        keys are the task types that the dataset is annotated for.
      names: by task type, the names of those classes or keypoints, where known.
      mean, std: of the training images' channels, with pixels in [0, 1]; None where
        not known yet (`foi-prepare` computes them).
      crop: training input size; None where a configuration has to say it.
      ignored: class names in the raw annotations that become the ignore label.
      flip_pairs: index pairs of left and right keypoints.
      sigmas: OKS falloff of each keypoint.
      depth_range: meters (nearest, farthest) that depth is clipped to.
      number: the dataset's row in Table 1; 0 outside the paper.
      collection: the family it belongs to.
      split_sizes: by task type, (train, val) where it differs from `train`, `val`,
        since not every image need have every annotation.
    """

    id: str
    domain: str
    train: int
    val: int
    classes: Mapping[str, int]
    name: str = ""
    names: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    mean: Channels | None = None
    std: Channels | None = None
    crop: Size | None = None
    ignored: tuple[str, ...] = ()
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    depth_range: tuple[float, float] | None = None
    number: int = 0
    collection: str = "own"
    split_sizes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.domain not in DOMAINS:
            raise unknown_name_error("domain", self.domain, DOMAINS, where=self.id)
        for task_type in self.classes:
            if task_type not in ANNOTATED_TASK_TYPES:
                raise unknown_name_error(
                    "task type", task_type, ANNOTATED_TASK_TYPES, where=self.id
                )

    def size(self, task_type: str, split: str) -> int:
        """How many images of `split` ("train" or "val") serve the task type; contrastive: all."""
        train, val = self.split_sizes.get(task_type, (self.train, self.val))
        return {"train": train, "val": val}[split]

    @property
    def box_metric(self) -> str:
        """What detection is measured in (Appendix C): "map", or "ap50"; own data "ap50" (ours)."""
        return "map" if self.id in _COCO_BOXES and self.collection != "own" else "ap50"

    @property
    def box_nms(self) -> float | None:
        """The IoU of non-maximum suppression (Appendix C), which goes with "ap50" only."""
        return 0.3 if self.box_metric == "ap50" else None


@dataclasses.dataclass(frozen=True, order=True)
class Task:
    """A dataset with one of its task types, written `coco:detection`."""

    dataset: str
    type: str

    def __str__(self) -> str:
        return f"{self.dataset}:{self.type}"

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Reads `dataset:type`.

        Raises:
          FoiError: the text has another form or names no task type.
        """
        dataset, colon, task_type = text.partition(":")
        if not colon or not dataset:
            raise FoiError(f"task '{text}' must be written dataset:type, as in coco:detection")
        if task_type not in TASK_TYPES:
            raise unknown_name_error("task type", task_type, TASK_TYPES, where=text)
        return cls(dataset, task_type)

    def check(self, datasets: Mapping[str, Dataset], *, where: str = "") -> Dataset:
        """Returns the task's dataset.

        Raises:
          FoiError: there is no such dataset, or it has no such annotations.
        """
        if self.dataset not in datasets:
            raise unknown_name_error("dataset", self.dataset, datasets, where=where)
        dataset = datasets[self.dataset]
        if self.type not in (CONTRASTIVE, *dataset.classes):
            raise FoiError(
                f"{self}: {self.dataset} has no {self.type} annotations; "
                f"it has {', '.join(dataset.classes)}"
            )
        return dataset
