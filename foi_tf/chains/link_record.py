"""Makes and writes the record of a link that ends."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import tensorflow as tf
from etils import epath

from foi_tf.chains import convergence, links
from foi_tf.chains.links import Finished
from foi_tf.chains.train_session import TrainSession
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.files import sync_files
from foi_tf.models.weights import checkpoint_facts
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study import backbones, image_statistics
from foi_tf.training import strategies
from foi_tf.training.evaluator import Evaluation


def summarize(
    session: TrainSession,
    prepared: Sequence[PreparedDataset],
    found: Mapping[str, Evaluation],
    passes: Sequence[float],
    wall_seconds: float,
) -> Finished:
    """Returns the record of the session's link.

    Args:
      found: the evaluation of each task.
      passes: the metric at the end of each earlier pass through the schedule.
    """
    domains = {one.dataset.domain for one in prepared}
    names = {task.metric for task in session.tasks.values()}
    values = [found[name].metrics[task.metric] for name, task in session.tasks.items()]
    value = sum(values) / len(values)
    return Finished(
        link=session.link,
        metric=names.pop() if len(names) == 1 else "mean",
        value=value,
        metrics=_merge_metrics({name: one.metrics for name, one in found.items()}),
        n_train=sum(len(source.ids()) for source in session.sources),
        domain=domains.pop() if len(domains) == 1 else "",
        wall_seconds=wall_seconds,
        device=strategies.device_kind(session.strategy),
        subset=_digest_ids([source.ids() for source in session.sources]),
        machine=strategies.describe_machine(session.strategy),
        tensorflow=tf.__version__,
        deterministic=session.deterministic,
        passes=(*passes, value),
    )


def write_record(
    directory: epath.Path,
    finished: Finished,
    found: Mapping[str, Evaluation],
    prepared: Sequence[PreparedDataset],
    checkpoint: epath.Path | None,
) -> None:
    """Writes what makes the link count as finished, and removes its checkpoints."""
    # Sets have no result row, beside which the statistics of their images could be kept.
    if len(found) == 1 and (by_image := next(iter(found.values())).images):
        image_statistics.save_statistics(by_image, links.image_statistics_path(directory))
    name = finished.link.backbone
    used = {backbones.choose_statistics(name, one.dataset) for one in prepared}
    # Images of a set may be normalized by the statistics of the dataset that they are from.
    mean, std = used.pop() if len(used) == 1 else (None, None)
    begun = checkpoint_facts.read_facts(checkpoint) if checkpoint else None
    license = begun.license if begun else ""
    facts = CheckpointFacts(backbone=name, mean=mean, std=std, license=license)
    checkpoint_facts.write_facts(links.weights_path(directory), facts)
    sync_files(*checkpoint_facts.checkpoint_files(links.weights_path(directory)))
    links.save_finished(directory, finished)
    # A worker that was killed while it wrote weights leaves a directory of their parts.
    for name in ("checkpoints", "weights_temp"):
        (directory / name).rmtree(missing_ok=True)
    convergence.forget_passes(directory)


def _digest_ids(ids: Sequence[Sequence[str]]) -> str:
    """Returns the digest of the ids of the images of each member."""
    content = json.dumps([sorted(own) for own in ids])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _merge_metrics(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Returns metrics by name, behind the task's name ("TASK/miou") if there are several tasks."""
    if len(metrics) == 1:
        (only,) = metrics.values()
        return dict(only)
    return {f"{task}/{name}": v for task, own in metrics.items() for name, v in own.items()}
