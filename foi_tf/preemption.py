"""Handles SIGTERM, by which clusters announce that they take a machine away."""

import contextlib
import signal
from collections.abc import Callable, Iterator

EXIT_CODE = 128 + signal.SIGTERM  # 143, the code by which shells report SIGTERM.


class Preempted(BaseException):
    """Ends a program after SIGTERM, once everything worth keeping has been written.

    Like KeyboardInterrupt it is not an `Exception`, so that no handler of errors catches it.
    """


@contextlib.contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Raises `Preempted` within the block when SIGTERM comes."""

    def stop(*_):
        raise Preempted

    with _handle_sigterm(stop):
        yield


@contextlib.contextmanager
def defer_sigterm() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether SIGTERM came; within the block SIGTERM does no more.

    It is for work that must first reach a good place to stop, and asks there.
    """
    came: list[bool] = []
    with _handle_sigterm(lambda *_: came.append(True)):
        yield lambda: bool(came)


@contextlib.contextmanager
def _handle_sigterm(act: Callable) -> Iterator[None]:
    """Lets `act` handle SIGTERM within the block."""
    before = signal.signal(signal.SIGTERM, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
