"""Runs one link of a chain: initial weights -> train -> evaluate -> weights and a record.

A link that was interrupted goes on from its newest checkpoint. It ends with the same bits if
operations are deterministic, see `study.choices.Pace`.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import orbit
import tensorflow as tf
from etils import epath

from foi_tf import lease, preemption
from foi_tf.chains import checkpoint_recovery, convergence, divergence, link_record, links
from foi_tf.chains.links import Finished, Link
from foi_tf.chains.train_session import SessionCache, TrainSession
from foi_tf.data.records import integrity
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import BusyError, FoiError
from foi_tf.files import describe_error
from foi_tf.models import transfer
from foi_tf.preemption import Preempted
from foi_tf.progress import Progress, warn
from foi_tf.study.choices import Pace
from foi_tf.study.schedules import count_steps
from foi_tf.training import strategies
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
    with (
        _hold_together(strategy, directory, pace, chief) as held,
        _explain_op_errors(directory, prepared),
    ):
        # The worker that was waited for may have found it to diverge.
        if strategies.any_process(strategy, lambda: chief and divergence.is_diverged(directory)):
            divergence.check_not_diverged(directory, link, config)
            # A process that does not see the record must not go on alone.
            raise divergence.DivergedError(f"{link.task}: diverged, by the first process's record")
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
            seconds, evaluating = _create_seconds(strategy), 0.0
            passes = convergence.load_passes(directory)
            while True:
                steps = count_steps(link.steps, len(passes) + 1)
                with _open_controller(
                    session, seconds, directory, own, pace, held, steps
                ) as controller:
                    with _record_divergence(session, directory, steps, config):
                        controller.train(steps, checkpoint_at_completion=False)
                    # Saving takes as long as some steps; seconds of training are repeated instead.
                    # A restart begins from the checkpoint.
                    if link.schedule.restarts or strategies.any_process(
                        strategy, lambda: seconds.numpy() > _WORTH_SAVING
                    ):
                        controller.save_checkpoint()
                started = time.monotonic()
                found = session.evaluate()
                evaluating += time.monotonic() - started
                spent = float(seconds.numpy()) + evaluating
                finished = link_record.summarize(session, prepared, found, passes, spent)
                if not convergence.goes_on(link, finished):
                    break
                passes = finished.passes
                if chief:
                    convergence.save_passes(directory, passes)
            session.network.checkpoint().write(str(links.weights_path(own)))
        if chief:
            link_record.write_record(directory, finished, found, prepared, checkpoint)
        return finished


@contextlib.contextmanager
def _record_divergence(
    session: TrainSession, directory: epath.Path, steps: int, config: str
) -> Iterator[None]:
    """Records a divergence within the block, which trains up to `steps`; see `run_link`.

    Raises:
      DivergedError: the loss or the weights are not finite.
    """
    try:
        yield
        if transfer.find_not_finite(session.network.variables):
            raise NotFiniteLossError(steps)
    except NotFiniteLossError as error:
        if strategies.is_chief(session.strategy):
            divergence.write_record(directory, error.step)
        raise divergence.diverged_error(directory, session.link, error.step, config) from error


@contextlib.contextmanager
def _hold_together(
    strategy: tf.distribute.Strategy, directory: epath.Path, pace: Pace, chief: bool
) -> Iterator[lease.Lease | None]:
    """Does the same as `_hold_link`, whose errors all processes of the strategy raise.

    A process that went on alone would wait for the others, or train something else with them.
    """
    with contextlib.ExitStack() as stack:
        held, error = None, None
        try:
            held = stack.enter_context(_hold_link(directory, pace, chief))
        except FoiError as failure:
            error = failure
        of_first = f"{directory}: the first process of the strategy cannot train"
        if strategies.any_process(strategy, lambda: isinstance(error, BusyError)):
            raise error or BusyError(of_first)
        if strategies.any_process(strategy, lambda: error is not None):
            raise error or FoiError(of_first)
        yield held


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


class _StoppedError(BaseException):
    """Carries what ends a link between two loops of steps, where a checkpoint is whole."""

    def __init__(self, reason: BaseException):
        super().__init__()
        self.reason = reason


class _CheckpointManager(tf.train.CheckpointManager):
    """Saves its first checkpoint when the interval is over, not after the first loop of steps."""

    def save(self, checkpoint_number=None, check_interval=True, options=None):
        if check_interval and checkpoint_number < self.checkpoint_interval:
            return None
        return super().save(checkpoint_number, check_interval, options)


@contextlib.contextmanager
def _open_controller(
    session: TrainSession,
    seconds: tf.Variable,
    directory: epath.Path,
    own: epath.Path,
    pace: Pace,
    held: lease.Lease | None,
    steps: int,
) -> Iterator[orbit.Controller]:
    """Yields a controller that trains the session's link on from its newest checkpoint.

    SIGTERM within the block takes effect between two loops of steps: a checkpoint is saved,
    and the block raises `Preempted`. So does what `pace.watch` raises there, and Ctrl-C where it
    is noticed there, if the strategy has one process.

    Args:
      seconds: is advanced by the time that passes.
      directory: the link's, where the chief saves checkpoints.
      own: where this process writes its files: the same for the chief.
      held: the lease; it is checked between two loops of steps.
      steps: number of steps up to which the link will be trained.
    """
    trainer, link, strategy = session.trainer, session.link, session.strategy
    state = session.network.checkpoint(
        optimizer=trainer.optimizer, global_step=trainer.global_step, seconds=seconds
    )
    shared = str(directory / "checkpoints")
    manager = _CheckpointManager(
        state,
        str(own / "checkpoints"),
        max_to_keep=2,
        step_counter=trainer.global_step,
        checkpoint_interval=pace.checkpoint_every,
        # A process without checkpoints of its own takes the chief's.
        init_fn=lambda: state.restore(tf.train.latest_checkpoint(shared)),
    )
    clock = time.monotonic()
    progress = Progress(" -> ".join(link.chain), steps)

    def show(output: Mapping[str, float]) -> None:
        nonlocal clock
        seconds.assign_add(time.monotonic() - clock)
        clock = time.monotonic()
        progress.update(int(trainer.global_step.numpy()) - progress.count, **output)
        if pace.watch is not None:
            try:
                pace.watch(progress.count, steps)
            except BaseException as error:
                raise _StoppedError(error) from error

    with progress, preemption.defer_sigterm() as came, silence_orbit():

        def loop_length(_) -> int:
            """Returns the steps of the next loop; between two loops a checkpoint is whole."""
            if held:
                held.check()
            if strategies.any_process(strategy, came):
                raise _StoppedError(Preempted())
            if preemption.was_interrupted():
                raise _StoppedError(KeyboardInterrupt())
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
        if done and trainer.draws_numbers():
            warn(
                f"{link.task}: the network draws random numbers, as dropout does, whose state no "
                "checkpoint has; the resumed link ends with other weights than without a break"
            )
        progress.update(done)
        session.feed_from(done)
        try:
            yield controller
        except _StoppedError as stopped:
            # All processes take part in saving; they have agreed on SIGTERM alone.
            if isinstance(stopped.reason, Preempted) or strategies.count_hosts(strategy) == 1:
                controller.save_checkpoint()
            raise stopped.reason from None
        if strategies.any_process(strategy, came):
            controller.save_checkpoint()
            raise Preempted
