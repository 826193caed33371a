"""Defines datasets and tasks, and the constants that both use."""

import dataclasses
from collections.abc import Mapping

from foi_tf.errors import FoiError, unknown_name_error

OTHER_DOMAIN = "other"  # For own data; two datasets of it need not look alike.
DOMAINS = (
    "consumer", "driving", "aerial", "indoor", "underwater", "close-up", "synthetic", "websearch",
    OTHER_DOMAIN,
)  # fmt: skip
SEGMENTATION, DETECTION, KEYPOINTS, DEPTH = "segmentation", "detection", "keypoints", "depth"
STRUCTURED_TASK_TYPES = (SEGMENTATION, DETECTION, KEYPOINTS, DEPTH)
CLASSIFICATION = "classification"
ANNOTATED_TASK_TYPES = (*STRUCTURED_TASK_TYPES, CLASSIFICATION)
TABLE3 = "table3"  # Collection of the tasks that Table 3 validates, which are no part of the grid.
CONTRASTIVE = "contrastive"  # Self-supervision needs images only, so every dataset has it.
TASK_TYPES = (*ANNOTATED_TASK_TYPES, CONTRASTIVE)

# Boxes of these two are measured by COCO's own metric, without NMS, in every collection
# (Appendix C).
_COCO_BOXES = frozenset({"coco", "bdd"})

Size = tuple[int, int]  # (height, width) in pixels.
Channels = tuple[float, float, float]  # One value for each of R, G, B, for pixels in [0, 1].


def domain_order(domain: str) -> int:
    """Returns the place of a domain in tables; domains outside `DOMAINS` come last."""
    return DOMAINS.index(domain) if domain in DOMAINS else len(DOMAINS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """Describes images with annotations; a row of a collection's registry.

    Attributes:
      id: name of the dataset in tasks and paths.
      domain: image domain, one of `DOMAINS`.
      train: number of training images.
      val: number of validation images.
      classes: number of classes (segmentation, detection, classification), keypoints
        (keypoints) or channels (depth: 1), by task type. The keys are the task types that
        the dataset is annotated for.
      name: name of the dataset in print.
      names: names of the classes or keypoints by task type, where known.
      mean: mean of each channel over the training images, for pixels in [0, 1]; None where
        it is not known yet (`foi-prepare` computes it).
      std: standard deviation of each channel, like `mean`.
      crop: (height, width) of the network's input in training, in pixels; None where a
        configuration must give it.
      ignored: class names of the raw annotations that become the ignore label.
      flip_pairs: index pairs of left and right keypoints.
      sigmas: OKS falloff of each keypoint.
      depth_range: (nearest, farthest) depth in meters; depth is clipped to it.
      number: row of the dataset in Table 1; 0 outside the paper.
      collection: name of the collection: "paper", "mini", "own" or `TABLE3`.
      split_sizes: (train, val) by task type where they differ from `train` and `val`, since
        not every image has every annotation.
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
        """Returns the number of images with the annotation of a task type.

        Args:
          task_type: one of `TASK_TYPES`; contrastive tasks use all images.
          split: "train" or "val".
        """
        train, val = self.split_sizes.get(task_type, (self.train, self.val))
        return {"train": train, "val": val}[split]

    @property
    def default_config(self) -> str:
        """Names the configuration of runs that name none."""
        return "paper" if self.collection == TABLE3 else self.collection

    @property
    def box_metric(self) -> str:
        """Names the metric of detection (Appendix C): "map" or "ap50". Own data: "ap50" (ours)."""
        return "map" if self.id in _COCO_BOXES and self.collection != "own" else "ap50"

    @property
    def box_nms(self) -> float | None:
        """Returns the IoU of non-maximum suppression (Appendix C); None with "map"."""
        return 0.3 if self.box_metric == "ap50" else None


@dataclasses.dataclass(frozen=True, order=True)
class Task:
    """Names a dataset and one of its task types, written `coco:detection`."""

    dataset: str
    type: str

    def __str__(self) -> str:
        return f"{self.dataset}:{self.type}"

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Reads `dataset:type`.

        Raises:
          FoiError: the text has another form, or its type is not a task type.
        """
        dataset, colon, task_type = text.partition(":")
        if not colon or not dataset:
            raise FoiError(f"task '{text}' must be written dataset:type, as in coco:detection")
        if task_type not in TASK_TYPES:
            raise unknown_name_error("task type", task_type, TASK_TYPES, where=text)
        return cls(dataset, task_type)

    def check(self, datasets: Mapping[str, Dataset], *, where: str = "") -> Dataset:
        """Returns the task's dataset.

        Args:
          datasets: the known datasets, by id.
          where: start of the error message.

        Raises:
          FoiError: the dataset is unknown, or has no annotations of the task's type.
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
