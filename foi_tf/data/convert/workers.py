"""Runs work on a list of items in several processes, with one progress bar."""

import concurrent.futures
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from typing import TypeVar

import cv2
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.progress import Progress

# With fewer steps of work, starting processes takes longer than it saves, since each of them
# imports TensorFlow for some seconds; ours.
_WORTHWHILE = 500
_LOOK_EVERY = 0.2  # Seconds between two updates of the progress bar.

T = TypeVar("T")
Tick = Callable[[], None]
_shared = {}  # In a worker process: the values that its initializer was given.


class Workers:
    """Holds up to `count` processes; used as a context manager.

    The processes start as soon as there is enough work, and stay until the block ends. They
    are forked from a process of their own, which imports TensorFlow once for all of them, not from
    this one: forked processes hang once TensorFlow has run.
    """

    def __init__(self, count: int):
        self._count = count
        self._pool = None
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._context, self._steps, self._stop = context, context.Value("Q", 0), context.Event()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(
        self, work: Callable[[T, Tick], None], items: Sequence[T], label: str, total: int
    ) -> None:
        """Calls work(item, tick) for each item, in any order.

        Args:
          work: does the work on an item and calls tick() after each step.
          items: the items.
          label: text of the progress bar.
          total: number of steps of all items together.

        Raises:
          FoiError: `work` raised it (the other processes are stopped first), or a process
            was killed.
        """
        if not items:
            return
        with Progress(label, total, unit="image") as progress:
            if self._count == 1 or (self._pool is None and total < _WORTHWHILE):
                for item in items:
                    work(item, progress.update)
            else:
                self._share(work, items, progress)

    def _share(self, work: Callable, items: Sequence, progress: Progress) -> None:
        if self._pool is None:
            self._pool = concurrent.futures.ProcessPoolExecutor(
                self._count, self._context, _start_worker, (self._steps, self._stop)
            )
        before = self._steps.value
        pending = {self._pool.submit(_call_work, work, item) for item in items}
        try:
            while pending:
                done, pending = concurrent.futures.wait(
                    pending, _LOOK_EVERY, concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    future.result()
                progress.update(self._steps.value - before - progress.count)
        except concurrent.futures.process.BrokenProcessPool as error:
            raise FoiError(
                "a process was killed, perhaps for lack of memory; repeat the command, which goes "
                "on where it stopped, with fewer --workers, which need less"
            ) from error
        except BaseException:
            self._stop.set()
            for future in pending:
                future.cancel()
            raise


def _start_worker(steps, stop) -> None:
    # Only the main process handles an interrupt; it then stops the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    tf.config.set_visible_devices([], "GPU")  # Each process would take all of its memory.
    _shared.update(steps=steps, stop=stop)


def _call_work(work: Callable, item) -> None:
    work(item, _count_step)


def _count_step() -> None:
    if _shared["stop"].is_set():
        raise InterruptedError("another process failed")
    with _shared["steps"].get_lock():
        _shared["steps"].value += 1
