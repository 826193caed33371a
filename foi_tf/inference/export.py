"""A trained link, or a checkpoint, as a model that others can use."""

import json
from collections.abc import Mapping
from typing import Any

from etils import epath

from foi_tf import __version__, files, tasks
from foi_tf.chains import initial_weights, links
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.inference import model_card, saved_model
from foi_tf.inference.saved_model import TrainedModel
from foi_tf.models import transfer
from foi_tf.models.heads import ClassificationHead
from foi_tf.models.weights import public_weights
from foi_tf.study.dataset import CONTRASTIVE, Channels, Dataset
from foi_tf.tasks.base import TaskType
from foi_tf.training import strategies

METADATA = "foi_model.json"
_NOT_STATED = "not stated"


def write_model(
    model: TrainedModel, out: epath.PathLike, format_name: str, *, frozen: bool = False
) -> dict[str, Any]:
    """Writes a directory with the model, its metadata and its model card.

    Args:
      format_name: of `study.choices.EXPORTS`.
      frozen: see `saved_model.write_saved_model`.

    Returns:
      The metadata.

    Raises:
      FoiError: the directory exists, or cannot be written.
    """
    if format_name == "safetensors" and model.metadata["backbone"] == "resnet50":
        raise FoiError("--format=safetensors is for HRNetV2; take --format=saved_model")
    metadata = {**model.metadata, "format": format_name, "frozen": frozen}
    with files.atomic_directory(out) as directory:
        description = directory / METADATA
        description.write_text(json.dumps(metadata, indent=1))
        (directory / "README.md").write_text(model_card.render_card(metadata))
        if format_name == "saved_model":
            saved_model.write_saved_model(model, directory, frozen=frozen, description=description)
        else:
            # Of heads, timm has the classification head alone.
            headed = isinstance(model.head, ClassificationHead)
            public_weights.write_safetensors(
                model.network.backbone,
                model.head.model if headed else None,
                directory / "model.safetensors",
                {"foi_tf": description.read_text()},
            )
    return metadata


def open_model(
    init: epath.PathLike,
    *,
    data_dir: epath.PathLike,
    backbone: str | None,
    precision: str | None,
    license: str,
) -> TrainedModel:
    """Builds the network of a link's directory, or of a checkpoint's backbone, with its weights.

    Args:
      data_dir: where the dataset of the link stands, for its classes and statistics.
      backbone: of a checkpoint; a link says its own.
      precision: to compute in; None is the link's own, or float32.

    Raises:
      FoiError: something is missing, or does not fit together.
    """
    init = epath.Path(init)
    finished = links.load_finished(init) if init.is_dir() else None
    name = backbone or (finished.link.backbone if finished else "hrnet_w48")
    begin = initial_weights.find_weights(init, name)
    precision = precision or (finished.link.precision if finished else "float32")
    strategies.set_precision(precision)
    common = {
        "chain": begin.chain,
        "backbone": name,
        "precision": precision,
        "license": license or _NOT_STATED,
        "weights_digest": begin.digest,
        "foi_tf": __version__,
    }
    if finished is None:
        return _open_backbone(
            name, begin.checkpoint, *public_weights.channel_statistics(name), common
        )
    return _open_link(finished, begin.checkpoint, data_dir, common)


def _open_backbone(
    name: str, checkpoint: epath.Path, mean: Channels, std: Channels, common: Mapping[str, Any]
) -> TrainedModel:
    network = public_weights.build_classifier(name, 0).network
    transfer.load_backbone(network.backbone, checkpoint)
    metadata = {**common, **_normalization(mean, std)}
    return TrainedModel(network=network, metadata=metadata, mean=mean, std=std)


def _open_link(
    finished: links.Finished,
    checkpoint: epath.Path,
    data_dir: epath.PathLike,
    common: Mapping[str, Any],
) -> TrainedModel:
    link = finished.link
    if len(link.members) > 1:
        raise FoiError(f"{checkpoint.parent}: the model of several tasks; export one's of a target")
    if not data_dir:
        raise FoiError(f"{checkpoint.parent}: the model of a link; give --data_dir of {link.task}")
    dataset = prepared_datasets.load_task_dataset(data_dir, link.task).dataset
    if link.task.type == CONTRASTIVE:  # Nobody has use for the projection.
        return _open_backbone(link.backbone, checkpoint, dataset.mean, dataset.std, common)
    task = tasks.create(link.task, dataset)
    head, name = task.head(), str(link.task)
    statistics = (dataset.mean, dataset.std)
    # Features are taken at any size, and predictions at that of the training.
    network = transfer.build_network(
        link.backbone, {name: head}, {name: (None, None)}, {name: statistics}
    )
    transfer.load_network(network, checkpoint)
    return TrainedModel(
        network=network,
        metadata={**common, **_description(finished, dataset, task)},
        mean=dataset.mean,
        std=dataset.std,
        head=head,
        task=task,
        crop=link.members[0].crop,
    )


def _description(finished: links.Finished, dataset: Dataset, task: TaskType) -> dict[str, Any]:
    link = finished.link
    return {
        "task": str(link.task),
        "task_type": link.task.type,
        "domain": finished.domain,
        "classes": dataset.classes[link.task.type],
        "class_names": dataset.names.get(link.task.type, ()),
        "input_size": link.members[0].crop,
        "metric": task.metric,
        "metrics": finished.metrics,
        "training_images": finished.n_train,
        "steps": link.steps,
        "seed": link.seed,
        **_normalization(dataset.mean, dataset.std),
    }


def _normalization(mean: Channels, std: Channels) -> dict[str, Any]:
    return {"mean": mean, "std": std}
