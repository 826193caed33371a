"""Runs a link: initial weights -> train -> evaluate; goes on where an earlier run stopped."""

import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import orbit
import tensorflow as tf
from etils import epath

from foi_tf import preemption
from foi_tf.chains import lease, links, train_session
from foi_tf.chains.links import Finished, Link
from foi_tf.data.records import integrity
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.files import describe_os_error, first_line
from foi_tf.preemption import Preempted
from foi_tf.progress import Progress
from foi_tf.study import image_statistics
from foi_tf.study.choices import Pace
from foi_tf.training import strategies


def run_link(
    link: Link,
    prepared: Sequence[PreparedDataset],
    init: epath.Path | None,
    workdir: epath.PathLike,
    strategy: tf.distribute.Strategy,
    pace: Pace,
) -> Finished:
    """Trains and evaluates a link, or reads its record if that was done before.

    A link that another worker is training is waited for, and taken over if that one dies.

    Args:
      prepared: the datasets of the link's members.
      init: checkpoint whose backbone weights it starts from; None for random weights.

    Raises:
      FoiError: the weights do not fit, or the working directory cannot be written.
      BusyError: another worker is training it, and `pace` says not to wait.
      Preempted: SIGTERM came; a checkpoint has been saved.
    """
    directory = link.directory(workdir)
    chief = strategies.is_chief(strategy)
    with _lease(directory, pace) if chief else contextlib.nullcontext() as held:
        try:
            # Which all processes of a strategy take from the one that holds the lease.
            if strategies.any_process(strategy, lambda: chief and links.is_finished(directory)):
                return links.load_finished(directory)
            return _Run(link, prepared, init, directory, strategy, pace, held).finish()
        except tf.errors.OpError as error:  # A full disk or a broken record, as TensorFlow says it.
            if isinstance(error, tf.errors.DataLossError):
                for files in (files for one in prepared for files in one.files.values()):
                    integrity.check_records(files)
            raise FoiError(
                f"{directory}: stopped ({first_line(error)}); once that is mended, the "
                "same command goes on"
            ) from error


@contextlib.contextmanager
def _lease(directory: epath.Path, pace: Pace) -> Iterator[lease.Lease | None]:
    """The right to train in the directory; None if what is there is finished."""
    if links.is_finished(directory):
        yield None
        return

    def waiting():
        print(f"waiting for the worker that trains {directory.name}", file=sys.stderr, flush=True)

    try:
        (directory / "checkpoints").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FoiError(f"{directory}: cannot be written ({describe_os_error(error)})") from error
    with lease.hold_lease(directory, wait=pace.wait, waiting=waiting) as held:
        yield held


class _Run:
    """A link while it is trained."""

    def __init__(self, link, prepared, init, directory, strategy, pace, held):
        self._link, self._prepared, self._directory = link, prepared, directory
        self._strategy, self._pace, self._held = strategy, pace, held
        self._rig = train_session.get(link, prepared, init, strategy)

    def finish(self) -> Finished:
        """Trains, evaluates and leaves the weights and the record."""
        chief, directory = strategies.is_chief(self._strategy), self._directory
        if chief:
            links.save_begun(self._link, directory)
        # Saving takes all processes, but only the chief's files are kept.
        with tempfile.TemporaryDirectory() as scrap:
            own = directory if chief else epath.Path(scrap)
            seconds = self._train(own)
            started = time.monotonic()
            found = self._rig.evaluate()
            self._rig.network.checkpoint().write(str(links.weights_path(own)))
        domains = {one.dataset.domain for one in self._prepared}
        tasks = self._rig.tasks
        names = {task.metric for task in tasks.values()}
        metrics = {name: evaluation.metrics for name, evaluation in found.items()}
        finished = Finished(
            link=self._link,
            metric=names.pop() if len(names) == 1 else "mean",
            value=sum(metrics[name][task.metric] for name, task in tasks.items()) / len(tasks),
            metrics=_flat(metrics),
            n_train=sum(len(source.ids()) for source in self._rig.sources),
            domain=domains.pop() if len(domains) == 1 else "",
            wall_seconds=seconds + time.monotonic() - started,
            device=strategies.device_kind(self._strategy),
        )
        if chief:
            # Of sets there are no result rows, which this is to stand beside.
            if len(found) == 1 and (by_image := next(iter(found.values())).images):
                image_statistics.save_statistics(by_image, links.image_statistics_path(directory))
            links.save_finished(directory, finished)
            (directory / "checkpoints").rmtree(missing_ok=True)
        return finished

    def _train(self, own: epath.Path) -> float:
        """Trains up to the link's last step; returns the seconds it took, restarts included."""
        trainer, link, strategy = self._rig.trainer, self._link, self._strategy
        with strategy.scope():
            seconds = tf.Variable(
                0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
            )
        state = self._rig.network.checkpoint(
            optimizer=trainer.optimizer, global_step=trainer.global_step, seconds=seconds
        )
        shared = str(self._directory / "checkpoints")
        manager = tf.train.CheckpointManager(
            state,
            str(own / "checkpoints"),
            max_to_keep=2,
            step_counter=trainer.global_step,
            checkpoint_interval=self._pace.checkpoint_every,
            # What the chief has saved, for a process that has nothing of its own.
            init_fn=lambda: state.restore(tf.train.latest_checkpoint(shared)),
        )
        clock = time.monotonic()
        progress = Progress(" -> ".join(link.chain), link.steps)

        def look(output: Mapping[str, float]) -> None:
            nonlocal clock
            seconds.assign_add(time.monotonic() - clock)
            clock = time.monotonic()
            progress.update(int(trainer.global_step.numpy()) - progress.count, **output)

        # Orbit prints on stdout, which is for machines; `progress` and summaries say the same.
        with (
            progress,
            preemption.defer_sigterm() as came,
            contextlib.redirect_stdout(io.StringIO()),
        ):

            def loop_length(_) -> int:
                """Asked between two loops, where a checkpoint is whole."""
                if self._held:
                    self._held.check()
                if strategies.any_process(strategy, came):
                    raise Preempted
                return self._pace.steps_per_loop

            # Restores the newest checkpoint, if there is one.
            controller = orbit.Controller(
                global_step=trainer.global_step,
                trainer=trainer,
                strategy=strategy,
                steps_per_loop=loop_length,
                checkpoint_manager=manager,
                summary_dir=str(own / "summaries"),
                train_actions=[look],
            )
            done = int(trainer.global_step.numpy())
            progress.update(done)
            self._rig.feed(done)
            try:
                controller.train(link.steps)
            except Preempted:
                controller.save_checkpoint()
                raise
            if strategies.any_process(strategy, came):
                raise Preempted
        return float(seconds.numpy())


def _flat(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """By name alone where there is one task, and behind the task's name elsewhere."""
    if len(metrics) == 1:
        (only,) = metrics.values()
        return dict(only)
    return {f"{task}/{name}": v for task, own in metrics.items() for name, v in own.items()}
