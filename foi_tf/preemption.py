"""Handles SIGTERM, by which clusters announce that they take a machine away, and Ctrl-C."""

import contextlib
import signal
from collections.abc import Callable, Iterator

EXIT_CODE = 128 + signal.SIGTERM  # 143, the code by which shells report SIGTERM.

_INTERRUPTS: list[list[bool]] = []  # One list for each block of `remember_interrupt`.


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
def remember_interrupt() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether Ctrl-C came within the block.

    Ctrl-C raises KeyboardInterrupt as ever. But it may come while TensorFlow traces, which turns
    it into another exception, or drops it. Whoever handles exceptions must ask.
    """
    came: list[bool] = []

    def stop(*_):
        came.append(True)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:  # A shell has programs in its background ignore it.
        yield lambda: False
        return
    signal.signal(signal.SIGINT, stop)
    _INTERRUPTS.append(came)
    try:
        yield lambda: bool(came)
    finally:
        _INTERRUPTS.remove(came)
        signal.signal(signal.SIGINT, before)


def was_interrupted() -> bool:
    """Tells whether Ctrl-C came within a block of `remember_interrupt`."""
    return any(_INTERRUPTS)


@contextlib.contextmanager
def _handle_sigterm(act: Callable) -> Iterator[None]:
    """Lets `act` handle SIGTERM within the block."""
    before = signal.signal(signal.SIGTERM, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
