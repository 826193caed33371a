"""Imports public weights as checkpoints, and exports networks as .safetensors."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import safetensors.numpy
import tensorflow as tf
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError
from foi_tf.models import transfer
from foi_tf.models.heads import ClassificationHead
from foi_tf.models.weights import checkpoint_facts, simclr, torch_convert
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.models.weights.import_report import ImportReport, ImportTarget
from foi_tf.models.weights.tensor_files import Tensors, open_tensors, read_metadata
from foi_tf.study.backbones import HRNET, find_backbone
from foi_tf.study.choices import ILSVRC_CLASSES
from foi_tf.study.dataset import Channels, Task
from foi_tf.study.registry import DATASETS

TASK = Task("ilsvrc", "classification")  # The task that public weights are trained on.
EXPORTED = "foi_tf"  # Key of the metadata of our own exports, in the header of .safetensors.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classifier:
    """Holds a backbone and its classification head, if any."""

    network: transfer.Network
    head: ClassificationHead | None

    @property
    def head_model(self) -> tf.keras.Model | None:
        """Returns the part of the head with weights; None without a head."""
        return self.head.model if self.head else None


def has_torch_names(backbone_name: str) -> bool:
    """Tells whether public weights of a backbone come from PyTorch, and not from SimCLR's code."""
    return find_backbone(backbone_name).architecture in torch_convert.LAYOUTS


def channel_statistics(backbone_name: str) -> tuple[Channels, Channels]:
    """Returns mean and standard deviation of the channels that public weights expect, in [0, 1]."""
    if statistics := find_backbone(backbone_name).statistics:
        return statistics
    if not has_torch_names(backbone_name):
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # SimCLR's code leaves pixels in [0, 1].
    row = DATASETS[TASK.dataset]
    return row.mean, row.std


def build_classifier(
    backbone_name: str, classes: int, statistics: tuple[Channels, Channels] | None = None
) -> Classifier:
    """Builds a network with random weights, for any image size; without a head for 0 classes.

    Pixels are normalized by `statistics`, by default those of `channel_statistics`.
    """
    statistics = statistics or channel_statistics(backbone_name)
    name, head = str(TASK), ClassificationHead(classes) if classes else None
    heads = {name: head} if head else {}
    network = transfer.build_network(backbone_name, heads, {name: (None, None)}, {name: statistics})
    return Classifier(network=network, head=head)


def import_weights(
    path: epath.PathLike, backbone_name: str, classes: int = ILSVRC_CLASSES
) -> tuple[Classifier, ImportReport]:
    """Builds a network with the weights of a public file.

    Args:
      path: for HRNetV2, a .safetensors file or a file of torch.save, from timm or the authors,
        for classification or segmentation (imported without a head). For EfficientNet-Lite, the
        same with the names of efficientnet-lite-pytorch. For ResNet-50, a TensorFlow checkpoint
        of SimCLR's code.
      backbone_name: name of the backbone, as `study.backbones.find_backbone` takes it.
      classes: number of classes of the file's classifier, if it has one; 0 leaves it out.

    Raises:
      FoiError: the file is broken or incomplete, or has another network.
    """
    tensors: Tensors = open_tensors(path)
    exported = _read_exported(path).get("backbone")
    if exported and exported != backbone_name:
        raise FoiError(f"{path}: exported from {exported}, but --backbone={backbone_name}")
    if find_backbone(backbone_name).architecture == HRNET and not exported:
        torch_convert.check_fusion(tensors, str(path), backbone_name)
    if has_torch_names(backbone_name):
        load_weights, headed = (
            torch_convert.load_weights,
            torch_convert.has_head(tensors, str(path), backbone_name),
        )
    else:
        load_weights, headed = simclr.load_weights, simclr.has_head(tensors)
    made = build_classifier(backbone_name, classes if headed else 0)
    target = ImportTarget(
        backbone=made.network.backbone, backbone_name=backbone_name, head=made.head_model
    )
    return made, load_weights(tensors, str(path), target)


def collect_facts(path: epath.PathLike, backbone_name: str) -> CheckpointFacts:
    """Collects what to keep with the weights of a public file.

    Args:
      path, backbone_name: see `import_weights`. A file of our own exports names its
        normalization, other files have that of the publishers (`channel_statistics`).

    Raises:
      FoiError: the file is broken.
    """
    mean, std = channel_statistics(backbone_name)
    exported = _read_exported(path)
    if {"mean", "std"} <= exported.keys():
        mean, std = tuple(exported["mean"]), tuple(exported["std"])
    path = epath.Path(path)
    parts = [path] if path.is_file() else checkpoint_facts.checkpoint_files(path)
    return CheckpointFacts(
        backbone=backbone_name,
        mean=mean,
        std=std,
        source=path.name,
        source_digest=checkpoint_facts.digest_files(parts),
    )


def _read_exported(path: epath.PathLike) -> Mapping[str, Any]:
    """Reads the metadata of one of our own exports; empty for other files."""
    try:
        found = json.loads(read_metadata(path).get(EXPORTED, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write_checkpoint(
    network: transfer.Network, path: epath.PathLike, facts: CheckpointFacts
) -> None:
    """Writes a checkpoint that `--init` accepts: PATH.index, PATH.data-* and its facts.

    Raises:
      FoiError: the checkpoint cannot be written.
    """
    try:
        epath.Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Facts of a checkpoint that was there before must not outlive it.
        files.remove_file(checkpoint_facts.facts_path(path))
        network.checkpoint().write(str(path))
        checkpoint_facts.write_facts(path, facts)
    except OSError as error:
        raise FoiError(f"{path}: cannot be written ({files.describe_error(error)})") from error
    except tf.errors.OpError as error:
        raise FoiError(f"{path}: cannot be written ({files.describe_error(error)})") from error


def write_safetensors(
    backbone: tf.keras.Model,
    head: tf.keras.Model | None,
    path: epath.PathLike,
    metadata: Mapping[str, str],
    backbone_name: str,
) -> None:
    """Writes a backbone, and a classification head, under their names in PyTorch.

    Args:
      backbone: a backbone for which `has_torch_names` holds.
      head: the inner network of a `ClassificationHead`; None for a backbone alone.
      path: file to write.
      metadata: texts for the file's header.
      backbone_name: name of the backbone.

    Raises:
      FoiError: the file cannot be written.
    """
    values = torch_convert.collect_torch_values(backbone, head, backbone_name)
    with files.atomic_write(path) as temporary:
        try:
            safetensors.numpy.save_file(values, temporary, {"format": "pt", **metadata})
        except safetensors.SafetensorError as error:
            raise FoiError(f"{path}: cannot be written ({files.describe_error(error)})") from error
