"""Runs a link: initial weights -> train -> evaluate; goes on where an earlier run stopped."""

import contextlib
import dataclasses
import io
import time
from collections.abc import Mapping

import orbit
import tensorflow as tf
from etils import epath

from foi_tf import tasks
from foi_tf.data import pipeline, records
from foi_tf.data.prepared import Prepared
from foi_tf.errors import FoiError
from foi_tf.files import describe, first_line
from foi_tf.models import transfer
from foi_tf.progress import Progress
from foi_tf.study.grid import subset
from foi_tf.tasks.base import TaskType
from foi_tf.training import link as links
from foi_tf.training import optimizer as optimizers
from foi_tf.training import strategy as strategies
from foi_tf.training.evaluator import evaluate
from foi_tf.training.link import Finished, Link
from foi_tf.training.trainer import Trainer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """How a run goes along; none of it changes what it arrives at.

    Attributes:
      steps_per_loop: steps that run on the device between two looks at it.
      checkpoint_every: steps between two checkpoints.
    """

    steps_per_loop: int = 50
    checkpoint_every: int = 500


def run(
    link: Link,
    prepared: Prepared,
    init: epath.Path | None,
    workdir: epath.PathLike,
    strategy: tf.distribute.Strategy,
    pace: Pace,
) -> Finished:
    """Trains and evaluates a link, or reads its record if that was done before.

    Args:
      prepared: the dataset of the link's task.
      init: checkpoint whose backbone weights it starts from; None for random weights.

    Raises:
      FoiError: the weights do not fit, or the working directory cannot be written.
    """
    directory = link.directory(workdir)
    if links.is_finished(directory):
        return links.load(directory)
    try:
        (directory / "checkpoints").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FoiError(f"{directory}: cannot be written ({describe(error)})") from error
    strategies.make_repeatable(link.seed)
    strategies.set_precision(link.precision)
    name, task = str(link.task), tasks.create(link.task, prepared.dataset)
    source = _input(link, prepared, task, "train")
    with strategy.scope():
        network = transfer.build(
            link.backbone,
            {name: task.head()},
            {name: link.config.crop},
            {name: (prepared.dataset.mean, prepared.dataset.std)},
        )
        if init is not None:
            transfer.load_backbone(network.backbone, init)
        trainer = Trainer(
            network=network,
            tasks={name: task},
            optimizer=optimizers.make(link.config.schedule, link.steps),
            strategy=strategy,
        )
    try:
        seconds = _train(link, trainer, network, source, directory, strategy, pace)
        started = time.monotonic()
        metrics = _evaluate(link, prepared, task, network, strategy)
        finished = Finished(
            link=link,
            metrics=metrics,
            n_train=len(source.ids()),
            domain=prepared.dataset.domain,
            wall_seconds=seconds + time.monotonic() - started,
            device=strategies.device_kind(strategy),
        )
        network.checkpoint().write(str(links.weights(directory)))
    except tf.errors.OpError as error:  # A full disk or a broken record, as TensorFlow says it.
        if isinstance(error, tf.errors.DataLossError):
            for files in prepared.files.values():
                records.blame(files)
        raise FoiError(
            f"{directory}: stopped ({first_line(error)}); same command goes on"
        ) from error
    links.save(directory, finished)
    (directory / "checkpoints").rmtree(missing_ok=True)
    return finished


def _input(link: Link, prepared: Prepared, task: TaskType, split: str) -> pipeline.Input:
    annotated = prepared.annotated_ids(split, link.task.type)
    chosen = subset(annotated, link.images) if split == "train" else annotated
    return pipeline.Input(
        prepared=prepared,
        split=split,
        task_type=link.task.type,
        encode=task.encode,
        crop=link.config.crop,
        chosen=tuple(chosen),
        rescale=link.config.rescale,
        seed=link.seed,
        around_objects=task.around_objects,
    )


def _train(
    link: Link,
    trainer: Trainer,
    network: transfer.Network,
    source: pipeline.Input,
    directory: epath.Path,
    strategy: tf.distribute.Strategy,
    pace: Pace,
) -> float:
    """Trains up to the link's last step; returns the seconds it took, restarts included."""
    with strategy.scope():
        seconds = tf.Variable(
            0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )
    manager = tf.train.CheckpointManager(
        network.checkpoint(
            optimizer=trainer.optimizer, global_step=trainer.global_step, seconds=seconds
        ),
        str(directory / "checkpoints"),
        max_to_keep=2,
        step_counter=trainer.global_step,
        checkpoint_interval=pace.checkpoint_every,
    )
    clock = time.monotonic()
    progress = Progress(" -> ".join(link.chain), link.steps)

    def look(output: Mapping[str, float]) -> None:
        nonlocal clock
        seconds.assign_add(time.monotonic() - clock)
        clock = time.monotonic()
        progress.update(int(trainer.global_step.numpy()) - progress.count, **output)

    # Orbit prints on stdout, which is for machines; `progress` and summaries say the same.
    with progress, contextlib.redirect_stdout(io.StringIO()):
        # Restores the newest checkpoint, if there is one.
        controller = orbit.Controller(
            global_step=trainer.global_step,
            trainer=trainer,
            strategy=strategy,
            steps_per_loop=pace.steps_per_loop,
            checkpoint_manager=manager,
            summary_dir=str(directory / "summaries"),
            train_actions=[look],
        )
        done = int(trainer.global_step.numpy())
        progress.update(done)
        trainer.train_dataset = [_batches(source, link, strategy, done)]
        controller.train(link.steps)
    return float(seconds.numpy())


def _batches(source: pipeline.Input, link: Link, strategy: tf.distribute.Strategy, done: int):
    """The training batches from step `done` on."""
    batch_size = link.config.schedule.batch_size
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise FoiError(
            f"batch_size {batch_size} of {link.task} is no multiple of {replicas} replicas"
        )

    def of_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
        hosts = context.num_input_pipelines
        return pipeline.train(
            source,
            batch_size // replicas,
            start=done * batch_size // hosts,
            host=(context.input_pipeline_id, hosts),
        )

    return strategy.distribute_datasets_from_function(of_host)


def _evaluate(
    link: Link,
    prepared: Prepared,
    task: TaskType,
    network: transfer.Network,
    strategy: tf.distribute.Strategy,
) -> dict[str, float]:
    source = _input(link, prepared, task, "val")
    replicas = strategy.num_replicas_in_sync
    batch_size = max(1, link.config.schedule.batch_size // replicas)

    def of_host(context: tf.distribute.InputContext) -> tf.data.Dataset:
        host = (context.input_pipeline_id, context.num_input_pipelines)
        return pipeline.evaluate(source, batch_size, replicas=replicas, host=host)

    return evaluate(
        network.models[str(link.task)],
        task,
        strategy.distribute_datasets_from_function(of_host),
        strategy,
        images=len(source.ids()),
        label=f"{link.task} val",
    )
