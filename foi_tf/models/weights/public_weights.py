"""Public weights into a checkpoint of ours, and ours into .safetensors."""

import dataclasses
from collections.abc import Mapping

import safetensors.numpy
import tensorflow as tf
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError
from foi_tf.models import transfer
from foi_tf.models.heads import ClassificationHead
from foi_tf.models.weights import simclr, torch_convert
from foi_tf.models.weights.import_report import ImportReport
from foi_tf.models.weights.tensor_files import Tensors, open_tensors
from foi_tf.study.choices import ILSVRC_CLASSES
from foi_tf.study.dataset import Channels, Task
from foi_tf.study.registry import DATASETS

# What public weights are trained for.
TASK = Task("ilsvrc", "classification")
_RESNET = "resnet50"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classifier:
    """A backbone and, where it has one, the classification head on it."""

    network: transfer.Network
    head: ClassificationHead | None

    @property
    def head_model(self) -> tf.keras.Model | None:
        """The part of the head with weights."""
        return self.head.model if self.head else None


def channel_statistics(backbone_name: str) -> tuple[Channels, Channels]:
    """Mean and standard deviation of the channels by which public weights expect images."""
    if backbone_name == _RESNET:
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # SimCLR's code leaves pixels in [0, 1].
    row = DATASETS[TASK.dataset]
    return row.mean, row.std


def build_classifier(backbone_name: str, classes: int) -> Classifier:
    """With random weights, for images of any size; `classes` 0 leaves the head out."""
    name, head = str(TASK), ClassificationHead(classes) if classes else None
    heads = {name: head} if head else {}
    network = transfer.build_network(
        backbone_name, heads, {name: (None, None)}, {name: channel_statistics(backbone_name)}
    )
    return Classifier(network=network, head=head)


def import_weights(
    path: epath.PathLike, backbone_name: str, classes: int = ILSVRC_CLASSES
) -> tuple[Classifier, ImportReport]:
    """Builds a network with the weights of a public file.

    Args:
      path: for HRNetV2 .safetensors, or what torch.save wrote; of timm or the authors, for
        classification or (then without a head) segmentation. For ResNet-50 a TensorFlow
        checkpoint of SimCLR's code.
      classes: how many the file's classifier has to have, if there is one; 0 leaves it.

    Raises:
      FoiError: the file is broken, of another network, or incomplete.
    """
    tensors: Tensors = open_tensors(path)
    if backbone_name == _RESNET:
        load_from, headed = simclr.load_weights, simclr.has_head(tensors)
    else:
        load_from, headed = torch_convert.load_weights, torch_convert.has_head(tensors, str(path))
    made = build_classifier(backbone_name, classes if headed else 0)
    return made, load_from(
        tensors, str(path), made.network.backbone, backbone_name, made.head_model
    )


def write_checkpoint(network: transfer.Network, path: epath.PathLike) -> None:
    """Writes what `--init` takes: PATH.index and PATH.data-*.

    Raises:
      FoiError: it cannot be written.
    """
    try:
        epath.Path(path).parent.mkdir(parents=True, exist_ok=True)
        network.checkpoint().write(str(path))
    except OSError as error:
        raise FoiError(f"{path}: cannot be written ({files.describe_os_error(error)})") from error
    except tf.errors.OpError as error:
        raise FoiError(f"{path}: cannot be written ({files.first_line(error)})") from error


def write_safetensors(
    backbone: tf.keras.Model,
    head: tf.keras.Model | None,
    path: epath.PathLike,
    metadata: Mapping[str, str],
) -> None:
    """Writes an HRNetV2 backbone, and a classification head, in timm's layout.

    Args:
      head: the inner network of a `ClassificationHead`.
      metadata: goes into the file's header.

    Raises:
      FoiError: it cannot be written.
    """
    values = torch_convert.collect_torch_values(backbone, head)
    with files.atomic_write(path) as temporary:
        try:
            safetensors.numpy.save_file(values, temporary, {"format": "pt", **metadata})
        except safetensors.SafetensorError as error:
            raise FoiError(f"{path}: cannot be written ({files.first_line(error)})") from error
