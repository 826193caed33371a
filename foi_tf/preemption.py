"""SIGTERM, by which clusters announce that they take a machine away."""

import contextlib
import signal
from collections.abc import Callable, Iterator

EXIT_CODE = 128 + signal.SIGTERM  # 143, as a shell says it of a process that SIGTERM ended.


class Preempted(BaseException):
    """SIGTERM came, and everything that is worth keeping has been written.

    Like KeyboardInterrupt no `Exception`, so that nobody takes it for an error of theirs.
    """


@contextlib.contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """SIGTERM within the block raises `Preempted` in it."""

    def stop(*_):
        raise Preempted

    with _handler(stop):
        yield


@contextlib.contextmanager
def defer_sigterm() -> Iterator[Callable[[], bool]]:
    """SIGTERM within the block does nothing at once; yields what tells whether it came.

    For work that has to come to a good place first, and to ask there.
    """
    came = []
    with _handler(lambda *_: came.append(True)):
        yield lambda: bool(came)


@contextlib.contextmanager
def _handler(act: Callable) -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
