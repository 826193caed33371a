"""Describes what a frozen probe is asked for: a target, its images and how its head is fitted."""

import dataclasses
import hashlib
import json

from foi_tf.chains.initial_weights import Start
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.study import backbones
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import CLASSIFICATION, CONTRASTIVE, Channels, Size, Task
from foi_tf.study.grid import choose_subset
from foi_tf.study.probe_files import STEPS, ProbeOrigin

RECIPE = 2  # Version of the code of probes; raise it with any change after which metrics differ.


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeRequest:
    """Describes the target of probes and how their heads are fitted.

    Attributes:
      prepared: the dataset of the target.
      task: the target, of any task type with annotations.
      images: largest number of training images, a seeded subset; None for all.
      size: (height, width) of the network's input; None takes the dataset's own.
      fit: how whole images are fitted into that size, see `data.input.views.fit_whole_image`.
      steps: iterations of the solver that fits the head, at most. That of classification runs
        until it converges.
      seed: random seed of the subset, and of random weights.

    Raises:
      FoiError: the input size is unknown, or the task has no annotations.
    """

    prepared: PreparedDataset
    task: Task
    images: int | None = None
    size: Size | None = None
    fit: Fit = "inside"
    steps: int = STEPS
    seed: int = 0

    def __post_init__(self):
        if self.task.type == CONTRASTIVE:
            raise FoiError(f"{self.task}: it has no annotations to evaluate on")
        if self.size is None and self.prepared.dataset.crop is None:
            raise FoiError(f"{self.task}: no input size is known; give --size=HEIGHTxWIDTH")

    @property
    def input_size(self) -> Size:
        """Returns the (height, width) of the network's input."""
        return self.size or self.prepared.dataset.crop

    def train_ids(self) -> list[str]:
        """Returns the ids of the training images, sorted."""
        annotated = self.prepared.annotated_ids("train", self.task.type)
        return choose_subset(annotated, self.images, self.seed)

    def val_ids(self) -> list[str]:
        """Returns the ids of the validation images."""
        return self.prepared.annotated_ids("val", self.task.type)

    def choose_statistics(self, backbone: str, begin: Start) -> tuple[Channels, Channels]:
        """Chooses mean and standard deviation that normalize pixels: the weights' if known."""
        kept = begin.facts.statistics if begin.facts else None
        return kept or backbones.choose_statistics(backbone, self.prepared.dataset)

    def describe(self, backbone: str, begin: Start) -> ProbeOrigin:
        """Describes everything that the metric depends on."""
        solved = self.task.type == CLASSIFICATION
        ids = self.train_ids()
        return ProbeOrigin(
            task=str(self.task),
            data=self.prepared.digest,
            train=len(ids),
            val=len(self.val_ids()),
            subset=hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16],
            backbone=backbone,
            chain=begin.chain,
            weights=begin.digest or f"seed {self.seed}",
            size=self.input_size,
            fit=self.fit,
            statistics=self.choose_statistics(backbone, begin),
            steps=0 if solved else self.steps,
            seed=self.seed,
            recipe=RECIPE,
        )
