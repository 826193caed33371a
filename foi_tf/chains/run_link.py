"""Runs one link of a chain: initial weights -> train -> evaluate -> weights and a record.

A link that was interrupted goes on from its newest checkpoint. It ends with the same bits if
operations are deterministic, see `study.choices.Pace`.
"""

import contextlib
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import orbit
import tensorflow as tf
from etils import epath

from foi_tf import lease, preemption
from foi_tf.chains import checkpoint_recovery, divergence, links
from foi_tf.chains.links import Finished, Link
from foi_tf.chains.train_session import SessionCache, TrainSession
from foi_tf.data.records import integrity
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.files import describe_error, sync_files
from foi_tf.models import transfer
from foi_tf.models.weights import checkpoint_facts
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.preemption import Preempted
from foi_tf.progress import Progress
from foi_tf.study import backbones, image_statistics
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from foi_tf.training.evaluator import Evaluation
from foi_tf.training.trainer import NotFiniteLossError, silence_orbit

_WORTH_SAVING = 30.0  # Seconds of training that an interrupted evaluation must not cost; ours.


def run_link(
    link: Link,
    prepared: Sequence[PreparedDataset],
    checkpoint: epath.Path | None,
    workdir: epath.PathLike,
    strategy: tf.distribute.Strategy,
    pace: Pace,
    sessions: SessionCache | None = None,
    config: str = "the configuration",
) -> Finished:
    """Trains and evaluates a link, or reads its record if it was finished before.

    Waits for a link that another worker trains, and takes it over if that worker dies.

    Args:
      prepared: the datasets of the link's members, in their order.
      checkpoint: checkpoint whose backbone weights the link starts from; None for random
        weights.
      workdir: the link is trained and kept in a directory below it.
      sessions: keeps the traced step for the caller's next link; None keeps nothing.
      config: name of the configuration that the link is of, for messages.

    Raises:
      DivergedError: the loss or the weights are not finite.
      FoiError: the weights do not fit, or the working directory cannot be written.
      BusyError: another worker trains the link, and `pace` says not to wait.
      Preempted: SIGTERM came; a checkpoint has been saved.
    """
    directory, chief = link.directory(workdir), strategies.is_chief(strategy)
    sessions = SessionCache() if sessions is None else sessions
    divergence.check_not_diverged(directory, link, config)
    with _hold_link(directory, pace, chief) as held, _explain_op_errors(directory, prepared):
        if held:
            checkpoint_recovery.drop_damaged_checkpoints(directory / "checkpoints")
        # Every process of a strategy takes the answer of the one that holds the lease.
        if strategies.any_process(strategy, lambda: chief and links.is_finished(directory)):
            return links.load_finished(directory)
        session = sessions.get(link, prepared, checkpoint, strategy, pace.deterministic)
        if chief:
            links.save_begun(link, directory)
        # Every process has to take part in saving, but only the chief's files are kept.
        with tempfile.TemporaryDirectory() as scrap:
            own = directory if chief else epath.Path(scrap)
            seconds = _create_seconds(strategy)
            with _open_controller(session, seconds, directory, own, pace, held) as controller:
                try:
                    controller.train(link.steps, checkpoint_at_completion=False)
                    if transfer.find_not_finite(session.network.variables):
                        raise NotFiniteLossError(link.steps)
                except NotFiniteLossError as error:
                    if chief:
                        divergence.write_record(directory, error.step)
                    raise divergence.diverged_error(directory, link, error.step, config) from error
                # Saving takes as long as some steps; seconds of training are repeated instead.
                if strategies.any_process(strategy, lambda: seconds.numpy() > _WORTH_SAVING):
                    controller.save_checkpoint()
            started = time.monotonic()
            found = session.evaluate()
            session.network.checkpoint().write(str(links.weights_path(own)))
            trained = float(seconds.numpy())
            finished = _summarize(session, prepared, found, trained + time.monotonic() - started)
        if chief:
            _write_record(directory, finished, found, prepared, checkpoint)
        return finished


@contextlib.contextmanager
def _hold_link(directory: epath.Path, pace: Pace, chief: bool) -> Iterator[lease.Lease | None]:
    """Holds the right to train in a directory within the block.

    Yields None to processes that write nothing, and where the link is finished.
    """
    if not chief or links.is_finished(directory):
        yield None
        return

    def waiting():
        print(f"waiting for the worker that trains {directory.name}", file=sys.stderr, flush=True)

    try:
        (directory / "checkpoints").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FoiError(f"{directory}: cannot be written ({describe_error(error)})") from error
    with lease.hold_lease(directory, wait=pace.wait, waiting=waiting) as held:
        yield held


@contextlib.contextmanager
def _explain_op_errors(
    directory: epath.Path, prepared: Sequence[PreparedDataset]
) -> Iterator[None]:
    """Turns errors of TensorFlow and the system, as of a full disk, into a `FoiError`."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        if isinstance(error, tf.errors.DataLossError):
            for files in (files for one in prepared for files in one.files.values()):
                integrity.check_records(files)
        raise FoiError(
            f"{directory}: stopped ({describe_error(error)}); once that is mended, the "
            "same command goes on"
        ) from error


def _create_seconds(strategy: tf.distribute.Strategy) -> tf.Variable:
    """Creates the variable that counts seconds of training, which checkpoints keep."""
    with strategy.scope():
        return tf.Variable(
            0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )


@contextlib.contextmanager
def _open_controller(
    session: TrainSession,
    seconds: tf.Variable,
    directory: epath.Path,
    own: epath.Path,
    pace: Pace,
    held: lease.Lease | None,
) -> Iterator[orbit.Controller]:
    """Yields a controller that trains the session's link on from its newest checkpoint.

    SIGTERM within the block takes effect between two loops of steps: a checkpoint is saved,
    and the block raises `Preempted`.

    Args:
      seconds: is advanced by the time that passes.
      directory: the link's, where the chief saves checkpoints.
      own: where this process writes its files: the same for the chief.
      held: the lease; it is checked between two loops of steps.
    """
    trainer, link, strategy = session.trainer, session.link, session.strategy
    state = session.network.checkpoint(
        optimizer=trainer.optimizer, global_step=trainer.global_step, seconds=seconds
    )
    shared = str(directory / "checkpoints")
    manager = tf.train.CheckpointManager(
        state,
        str(own / "checkpoints"),
        max_to_keep=2,
        step_counter=trainer.global_step,
        checkpoint_interval=pace.checkpoint_every,
        # A process without checkpoints of its own takes the chief's.
        init_fn=lambda: state.restore(tf.train.latest_checkpoint(shared)),
    )
    clock = time.monotonic()
    progress = Progress(" -> ".join(link.chain), link.steps)

    def show(output: Mapping[str, float]) -> None:
        nonlocal clock
        seconds.assign_add(time.monotonic() - clock)
        clock = time.monotonic()
        progress.update(int(trainer.global_step.numpy()) - progress.count, **output)
        if pace.watch is not None:
            pace.watch(progress.count, link.steps)

    with progress, preemption.defer_sigterm() as came, silence_orbit():

        def loop_length(_) -> int:
            """Returns the steps of the next loop; between two loops a checkpoint is whole."""
            if held:
                held.check()
            if strategies.any_process(strategy, came):
                raise Preempted
            if preemption.was_interrupted():
                raise KeyboardInterrupt
            return pace.steps_per_loop

        # The controller restores the newest checkpoint, if there is one.
        controller = orbit.Controller(
            global_step=trainer.global_step,
            trainer=trainer,
            strategy=strategy,
            steps_per_loop=loop_length,
            checkpoint_manager=manager,
            summary_dir=str(own / "summaries"),
            train_actions=[show],
        )
        done = int(trainer.global_step.numpy())
        progress.update(done)
        session.feed_from(done)
        try:
            yield controller
        except Preempted:
            controller.save_checkpoint()
            raise
        if strategies.any_process(strategy, came):
            controller.save_checkpoint()
            raise Preempted


def _summarize(
    session: TrainSession,
    prepared: Sequence[PreparedDataset],
    found: Mapping[str, Evaluation],
    wall_seconds: float,
) -> Finished:
    """Returns the record of the session's link; `found` holds the evaluation of each task."""
    domains = {one.dataset.domain for one in prepared}
    names = {task.metric for task in session.tasks.values()}
    values = [found[name].metrics[task.metric] for name, task in session.tasks.items()]
    return Finished(
        link=session.link,
        metric=names.pop() if len(names) == 1 else "mean",
        value=sum(values) / len(values),
        metrics=_merge_metrics({name: one.metrics for name, one in found.items()}),
        n_train=sum(len(source.ids()) for source in session.sources),
        domain=domains.pop() if len(domains) == 1 else "",
        wall_seconds=wall_seconds,
        device=strategies.device_kind(session.strategy),
        subset=_digest_ids([source.ids() for source in session.sources]),
        machine=strategies.describe_machine(session.strategy),
        tensorflow=tf.__version__,
        deterministic=session.deterministic,
    )


def _digest_ids(ids: Sequence[Sequence[str]]) -> str:
    """Returns the digest of the ids of the images of each member."""
    content = json.dumps([sorted(own) for own in ids])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _write_record(
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


def _merge_metrics(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Returns metrics by name, behind the task's name ("TASK/miou") if there are several tasks."""
    if len(metrics) == 1:
        (only,) = metrics.values()
        return dict(only)
    return {f"{task}/{name}": v for task, own in metrics.items() for name, v in own.items()}
