"""Several processes that work through a list, with one progress bar."""

import concurrent.futures
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from typing import TypeVar

import cv2

from foi_tf.errors import FoiError
from foi_tf.progress import Progress

# Steps of work below which starting processes, each of which imports TensorFlow for some
# seconds, costs more than they give; ours.
_WORTHWHILE = 500
_LOOK_EVERY = 0.2  # Seconds between two looks at how far the processes are.

T = TypeVar("T")
Tick = Callable[[], None]
_shared = {}  # Of a worker process: what its initializer was given.


class Workers:
    """Up to `count` processes; use as a context manager.

    They start when there is enough to do, anew rather than forked, since forked ones hang
    where TensorFlow has run before, and stay until the end of the block.
    """

    def __init__(self, count: int):
        self._count = count
        self._pool = None
        context = multiprocessing.get_context("spawn")
        self._context, self._steps, self._stop = context, context.Value("Q", 0), context.Event()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(
        self, work: Callable[[T, Tick], None], items: Sequence[T], label: str, total: int
    ) -> None:
        """Calls work(item, tick) for each item, in any order; `work` calls tick() `total` times.

        Raises:
          FoiError: as `work`, once what the other processes are at is given up; or a
            process was killed.
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
                self._count, self._context, _start, (self._steps, self._stop)
            )
        before = self._steps.value
        pending = {self._pool.submit(_call, work, item) for item in items}
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
                "a process was killed, perhaps for lack of memory; "
                "fewer --workers need less, and the same command goes on"
            ) from error
        except BaseException:
            self._stop.set()
            for future in pending:
                future.cancel()
            raise


def _start(steps, stop) -> None:
    # An interrupt is for the first process to see, which tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _shared.update(steps=steps, stop=stop)


def _call(work: Callable, item) -> None:
    work(item, _tick)


def _tick() -> None:
    if _shared["stop"].is_set():
        raise InterruptedError("another process failed")
    with _shared["steps"].get_lock():
        _shared["steps"].value += 1
