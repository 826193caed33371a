"""Exports a trained link, or a checkpoint, as a model for other programs."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from etils import epath

from foi_tf import __version__, files, tasks
from foi_tf.chains import initial_weights, links
from foi_tf.chains.initial_weights import Start
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.inference import model_card, saved_model
from foi_tf.inference.saved_model import TrainedModel
from foi_tf.models import transfer
from foi_tf.models.heads import ClassificationHead
from foi_tf.models.weights import checkpoint_facts, fetch, public_weights
from foi_tf.study import backbones
from foi_tf.study.dataset import Channels, Dataset
from foi_tf.tasks.base import TaskType
from foi_tf.training import strategies

METADATA = "foi_model.json"


def write_model(
    model: TrainedModel, out: epath.PathLike, format_name: str, *, frozen: bool = False
) -> dict[str, Any]:
    """Writes a directory with the model, its metadata and its model card.

    Args:
      model: the network to write.
      out: directory to create.
      format_name: one of `study.choices.EXPORTS`.
      frozen: whether weights become constants; see `saved_model.write_saved_model`.

    Returns:
      The metadata.

    Raises:
      FoiError: the directory exists already, or cannot be written.
    """
    if format_name == "safetensors" and not public_weights.has_torch_names(
        model.metadata["backbone"]
    ):
        raise FoiError(
            f"--format=safetensors has no names for {model.metadata['backbone']}; take "
            "--format=saved_model"
        )
    metadata = {**model.metadata, "format": format_name, "frozen": frozen}
    with files.atomic_directory(out) as directory:
        description = directory / METADATA
        description.write_text(json.dumps(metadata, indent=1))
        (directory / "README.md").write_text(model_card.render_card(metadata))
        if format_name == "saved_model":
            saved_model.write_saved_model(model, directory, frozen=frozen, description=description)
        else:
            public_weights.write_safetensors(
                model.network.backbone,
                model.head.model if has_timm_head(model) else None,
                directory / "model.safetensors",
                {public_weights.EXPORTED: description.read_text()},
                model.metadata["backbone"],
            )
    return metadata


def has_timm_head(model: TrainedModel) -> bool:
    """Tells whether timm has the head of a model: only that of classification."""
    return isinstance(model.head, ClassificationHead)


def open_trained_model(
    init: epath.PathLike,
    *,
    data_dir: epath.PathLike = "",
    backbone: str | None = None,
    precision: str | None = None,
    license: str = "",
) -> TrainedModel:
    """Opens the network of a link's directory, or the backbone of a checkpoint, with its weights.

    Args:
      init: directory of a link, path of a checkpoint, or name of published weights.
      data_dir: folder of the prepared datasets, for classes and statistics of the link's
        dataset; not needed for a checkpoint.
      backbone: name of the backbone in a checkpoint; None takes the one that is kept with it, or
        hrnet_w48. A link knows its own.
      precision: precision of the computation, of `study.choices.PRECISIONS`; None takes the
        link's own, or float32.
      license: license of the weights, for the model card; "" takes the one that is kept with
        them or with the weights that their training began with, if any.

    Raises:
      FoiError: a file or flag is missing, or weights and backbone do not match.
    """
    init = fetch.resolve_init(init)
    finished = links.load_finished(init) if init.is_dir() else None
    facts = None if finished else checkpoint_facts.read_facts(init)
    kept = finished.link.backbone if finished else facts.backbone if facts else "hrnet_w48"
    name = backbone or kept
    begin = initial_weights.find_weights(init, name)
    precision = precision or (finished.link.precision if finished else "float32")
    strategies.set_precision(precision)
    # The license that is kept is that of the weights that training began with.
    kept_license = begin.facts.license if begin.facts else ""
    common = {
        "chain": begin.chain,
        "backbone": name,
        "precision": precision,
        "license": license or kept_license or checkpoint_facts.NOT_STATED,
        "weights_digest": begin.digest,
        "foi_tf": __version__,
    }
    if finished is None:
        return _open_checkpoint(begin, common)
    return _open_link(begin, data_dir, common)


def _open_checkpoint(begin: Start, common: Mapping[str, Any]) -> TrainedModel:
    """Opens the backbone of a checkpoint, and the classification head of an imported one."""
    name, kept = common["backbone"], begin.facts and begin.facts.statistics
    mean, std = kept or public_weights.channel_statistics(name)
    classes = transfer.count_classes(begin.checkpoint, str(public_weights.TASK))
    made = public_weights.build_classifier(name, classes, (mean, std))
    load = transfer.load_network if classes else transfer.load_backbone
    load(made.network if classes else made.network.backbone, begin.checkpoint)
    metadata = {**common, "mean": mean, "std": std, "assumed_statistics": not kept}
    if classes:
        metadata["classes"] = classes
    return TrainedModel(network=made.network, metadata=metadata, mean=mean, std=std, head=made.head)


def _open_backbone(
    name: str, checkpoint: epath.Path, mean: Channels, std: Channels, common: Mapping[str, Any]
) -> TrainedModel:
    """Opens a backbone without a head."""
    network = public_weights.build_classifier(name, 0).network
    transfer.load_backbone(network.backbone, checkpoint)
    metadata = {**common, "mean": mean, "std": std}
    return TrainedModel(network=network, metadata=metadata, mean=mean, std=std)


def _open_link(begin: Start, data_dir: epath.PathLike, common: Mapping[str, Any]) -> TrainedModel:
    """Opens the network of a finished link, with its head if that predicts something."""
    finished, checkpoint = begin.finished, begin.checkpoint
    link = finished.link
    if len(link.members) > 1:
        raise FoiError(f"{checkpoint.parent}: the link has several tasks; export a target's link")
    if not data_dir:
        raise FoiError(
            f"{checkpoint.parent}: a link needs its dataset; give --data_dir of {link.task}"
        )
    # Links keep the classes that they were trained on, also where those are others today.
    dataset = prepared_datasets.load_prepared(data_dir, link.task.dataset).dataset
    link.task.check({link.task.dataset: dataset})
    # The statistics of a dataset that was prepared anew may be others.
    kept = begin.facts.statistics if begin.facts else None
    mean, std = kept or backbones.choose_statistics(link.backbone, dataset)
    # Training pads images with the color of their dataset, whatever normalizes them.
    fill = dataset.mean if backbones.find_backbone(link.backbone).statistics else mean
    dataset = dataclasses.replace(dataset, mean=mean, std=std)
    task = tasks.create(link.task, dataset, link.members[0].options)
    if not task.prediction_text:  # Nobody has use for the head's outputs.
        return _open_backbone(link.backbone, checkpoint, dataset.mean, dataset.std, common)
    head, name = task.head(), str(link.task)
    statistics = (dataset.mean, dataset.std)
    # The network has to take images of any size, for features.
    network = transfer.build_network(
        link.backbone, {name: head}, {name: (None, None)}, {name: statistics}
    )
    transfer.load_network(network, checkpoint)
    return TrainedModel(
        network=network,
        metadata={**common, **_description(finished, dataset, task)},
        mean=dataset.mean,
        std=dataset.std,
        fill=fill,
        head=head,
        task=task,
        crop=link.members[0].crop,
        fit=link.members[0].fit,
    )


def _description(finished: links.Finished, dataset: Dataset, task: TaskType) -> dict[str, Any]:
    """Returns the metadata that only a link with a head has."""
    link = finished.link
    return {
        "task": str(link.task),
        "task_type": link.task.type,
        "domain": finished.domain,
        "classes": dataset.classes[link.task.type],
        "class_names": dataset.names.get(link.task.type, ()),
        "input_size": link.members[0].crop,
        "fit": link.members[0].fit,
        **link.members[0].options,
        "metric": task.metric,
        "metrics": finished.metrics,
        "training_images": finished.n_train,
        "steps": finished.steps,
        "seed": link.seed,
        "mean": dataset.mean,
        "std": dataset.std,
    }
