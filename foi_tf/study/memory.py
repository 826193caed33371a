"""Estimates the memory that a training step needs on a device, and the micro-batch that fits.

The estimate has two parts. What does not depend on the batch: weights, gradients, and the slots of
the optimizer. What each image adds: the feature maps that the backward pass needs, and the maps of
the loss. docs/tpu-gpu-clusters.md compares it with XLA's buffer assignment for a CPU. A TPU also
pads channels, and a GPU has workspaces of convolutions; both are no part of the estimate.
"""

import dataclasses
import math
import types
from collections.abc import Mapping

from foi_tf.errors import FoiError
from foi_tf.study import configuration, sources
from foi_tf.study.backbones import find_backbone
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import CONTRASTIVE, DETECTION, KEYPOINTS, Dataset, Size, Task
from foi_tf.study.network_size import NetworkSize

GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Device:
    """Holds the facts about a kind of device that a study may run on.

    Attributes:
      replicas: how many devices share a batch.
      gib: memory of each of them in GiB.
      xla: whether XLA compiles the step.
    """

    replicas: int
    gib: float
    xla: bool


# A v4-8 has four chips, each of which is one device.
DEVICES: Mapping[str, Device] = types.MappingProxyType(
    {
        "v2-8": Device(8, 8, xla=True),
        "v3-8": Device(8, 16, xla=True),
        "v4-8": Device(4, 32, xla=True),
        "gpu_24gb": Device(1, 24, xla=False),
        "gpu_80gb": Device(1, 80, xla=False),
    }
)
_USABLE = 0.92  # Share of a device's memory that a step can have; ours.
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_SLOTS = {"sgd": 1, "lars": 1, "adam": 2}  # Numbers that the optimizer keeps for each weight.
# Gradients of a few maps are there beside the kept maps. Measured; see the docs.
_TRANSIENT = 1.07
# Float32 maps of the input's size for each class of segmentation, and for depth. XLA splits the
# gradient of bilinear upsampling into the shares of 3 x 3 neighbors (measured). TensorFlow's own
# operation needs none, but keeps the maps, one for the loss and one for a gradient.
_FULL_MAPS = {True: 9, False: 3}
_CELL = 16  # Pixels of the input for each place at stride 4.
_WIDEST_HRNET = 720  # Features of W48.
_PUBLISHED = 270  # Features from which on heads have the paper's channels; see `models.heads`.


def choose_micro_batch(images: int, most: int) -> int:
    """Returns the size of the fewest equal micro-batches with at most `most` images each.

    Args:
      images: the images of a device.
      most: 0 for no limit.

    Returns:
      Images of a micro-batch; 0 if all images fit at once.
    """
    if not most or images <= most:
        return 0
    return next(size for size in range(most, 0, -1) if images % size == 0)


@dataclasses.dataclass(frozen=True)
class StepMemory:
    """Holds the estimate for a training step of a link on one kind of device.

    Attributes:
      images: images of a step on each device.
      fixed: GiB that do not depend on the images.
      accumulated: GiB of the sum of gradients, which micro-batches need beside.
      image: GiB of each image that goes through the network at a time.
      micro_batch: the largest --micro_batch that fits; 0 if all images fit at once, None if
        not even one does.
    """

    images: int
    fixed: float
    accumulated: float
    image: float
    micro_batch: int | None

    @property
    def whole(self) -> float:
        """Returns the GiB of a device if all images go through the network at a time."""
        return self.fixed + self.image * self.images

    @property
    def fitted(self) -> float:
        """Returns the GiB of a device with `micro_batch`; NaN if nothing fits."""
        if self.micro_batch is None:
            return math.nan
        if self.micro_batch == 0:
            return self.whole
        return self.fixed + self.accumulated + self.image * self.micro_batch


def estimate_memory(
    task: Task,
    datasets: Mapping[str, Dataset],
    config: Config,
    backbone: str,
    precision: str,
    device: Device,
    *,
    rematerialize: bool = False,
) -> StepMemory:
    """Estimates the memory of the training step of a task, or of a set of tasks.

    Args:
      task: as `study.sources.source_parts` takes it.
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      precision: one of `study.choices.PRECISIONS`.
      rematerialize: whether the backward pass computes most maps again.

    Raises:
      FoiError: the task, its input size or the size of the backbone is not known.
    """
    network = find_backbone(backbone).size
    if network is None:
        raise FoiError(f"--memory: no estimate for {backbone}, as its size is not known")
    if rematerialize:
        if network.rematerialized is None:
            raise FoiError(f"--memory: no estimate for {backbone} with --rematerialize")
        network = dataclasses.replace(network, kept=network.rematerialized)
    parts = sources.source_parts(task)
    schedule = config.link_of_source(task).schedule
    weights, image = network.weights, 0.0
    for part in parts:
        dataset = part.check(datasets)
        crop = configuration.choose_crop(config.link(part), dataset.crop, str(part))
        head = count_head(part.type, network.features, dataset.classes.get(part.type, 0))
        # The members of a set take turns, so that the largest one counts.
        image = max(image, estimate_image(network, head, crop, precision, xla=device.xla))
        weights += head.weights
    fixed, accumulated = estimate_fixed(weights, schedule.optimizer, precision), 4 * weights / GIB
    images = -(-schedule.batch_size // device.replicas)
    free = _USABLE * device.gib - fixed
    micro_batch: int | None = 0
    if image * images > free:
        most = int((free - accumulated) // image)
        micro_batch = choose_micro_batch(images, most) if most > 0 else None
    return StepMemory(images, fixed, accumulated, image, micro_batch)


def estimate_fixed(weights: int, optimizer: str, precision: str) -> float:
    """Estimates the GiB of weights, gradients, slots, and weights of a lower precision."""
    size = _BYTES[precision]
    return weights * (4 + 4 + 4 * _SLOTS[optimizer] + (size if size < 4 else 0)) / GIB


def estimate_image(
    network: NetworkSize, head: "HeadSize", crop: Size, precision: str, *, xla: bool
) -> float:
    """Estimates the GiB that the backward pass and the loss need for one image."""
    kept = _TRANSIENT * (network.kept + head.kept / _CELL) * _BYTES[precision]
    loss = 4 * head.full_maps * _FULL_MAPS[xla]
    return crop[0] * crop[1] * (kept + loss) / GIB


@dataclasses.dataclass(frozen=True)
class HeadSize:
    """Holds the size of a head, which tests compare with the head; see `models.heads`.

    Attributes:
      weights: number of trained weights.
      kept: elements for each place at stride 4 that the backward pass needs.
      full_maps: maps of the input's size.
    """

    weights: int
    kept: float
    full_maps: int = 0


def count_head(task_type: str, features: int, classes: int) -> HeadSize:
    """Returns the size of the head of a task type.

    Args:
      features: channels of the backbone's features.
      classes: classes, or keypoints, of the dataset.
    """
    narrow = features < _PUBLISHED
    inner = 256 * features // 720 // 8 * 8 if narrow else 256
    if task_type == DETECTION:
        neck, maps = features // 3, classes + 4
        weights = neck * (features + 9 * neck) + 9 * inner * (3 * neck + maps)
        return HeadSize(weights, 3 * neck + 3 * inner + maps)
    if task_type == KEYPOINTS:
        maps = 3 * classes + 7
        return HeadSize(9 * inner * (6 * features + maps), 6 * inner + maps)
    if task_type == "classification":
        if features > _WIDEST_HRNET:  # A ResNet's head is a classifier of averages.
            return HeadSize(features * classes, 0)
        # Bottlenecks of all branches, counted.
        if narrow:
            return HeadSize(970_000 + 680 * classes, 1.4 * features)
        return HeadSize(9_800_000 + 2048 * classes, 1248)
    if task_type == CONTRASTIVE:
        return HeadSize(features * (features + 128), 0)
    return HeadSize(features * classes, classes, full_maps=classes)
