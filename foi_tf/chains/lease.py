"""Who trains a link: one worker at a time, on any file system, and another if that one dies.

Each worker that wants a link writes a file of its own beside it and then lists those of the
others (the one-bit algorithm of Burns and Lamport). One who sees a file with a smaller name
takes its own away and waits; one who sees none waits until those with larger names have
gone, and then holds the link. Of any two workers at least the one that wrote later sees the
other, so never two hold it: all it takes is that a file is listed once it was written,
which POSIX and Google Cloud Storage promise, and NFS with its default caches does a few
seconds late. No file is ever written by two workers, so nothing depends on atomic creation.

A holder says that it lives by writing its file anew every `BEAT`. Others count it as dead
once they saw no change for `TERM` on a clock of their own, or at once if its process ran
on the same machine and is gone; then they remove its file. A worker that was only paused
finds its file gone and stops. Until it does, two may train the same link: that costs time
and nothing else, as both write the same bits, whole files at a time.
"""

import contextlib
import json
import os
import pathlib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from etils import epath

from foi_tf.errors import BusyError, FoiError
from foi_tf.files import write_text

BEAT = 10.0  # Seconds between signs of life; ours, as are the others.
TERM = 120.0  # Seconds without one after which a worker counts as dead.
POLL = 1.0  # Seconds between two looks at the others.


@contextlib.contextmanager
def hold_lease(
    directory: epath.Path, *, wait: bool, waiting: Callable[[], None]
) -> Iterator["Lease"]:
    """Holds the lease of a link's directory within the block.

    Args:
      wait: whether to wait for another worker that holds it.
      waiting: is called once if that is so.

    Raises:
      BusyError: another worker holds it, and `wait` is False.
    """
    lease = Lease(directory / "leases")
    try:
        lease.acquire(wait, waiting)
        with lease.alive():
            yield lease
    finally:
        lease.leave()


class Lease:
    """One worker's wish for a link, and the right to train it once `acquire` has returned."""

    def __init__(self, directory: epath.Path):
        self._directory, self._name = directory, f"{uuid.uuid4().hex}.json"
        self._beats, self._last, self._seen = 0, 0.0, {}

    def acquire(self, wait: bool, waiting: Callable[[], None]) -> None:
        """Returns once the link is ours; raises `BusyError` if we are not to wait for that."""
        told = False
        while True:
            if not self._stands() or time.monotonic() - self._last > BEAT:
                self._beat()
            others = self._others()
            if any(name < self._name for name in others):
                self.leave()
            elif not others:
                return
            if not wait:
                raise BusyError(f"{self._directory.parent}: another worker trains it")
            if not told:
                waiting()
                told = True
            time.sleep(POLL)

    def leave(self) -> None:
        """Takes our file away."""
        with contextlib.suppress(OSError):
            (self._directory / self._name).unlink()

    def check(self) -> None:
        """Raises FoiError if others took us for dead."""
        if not self._stands():
            raise FoiError(
                f"{self._directory.parent}: another worker took it over, as this one had not "
                f"shown up for {TERM:.0f} s; the same command goes on or waits for it"
            )

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Gives a sign of life every `BEAT`, from a thread of its own."""
        done = threading.Event()

        def beat():
            while not done.wait(BEAT):
                # Neither a full disk nor a bucket that is away for a moment must end the run;
                # without beats others take over.
                with contextlib.suppress(Exception):
                    if self._stands():
                        self._beat()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _stands(self) -> bool:
        return (self._directory / self._name).exists()

    def _beat(self) -> None:
        self._beats, self._last = self._beats + 1, time.monotonic()
        record = {"process": os.getpid(), "machine": _machine(), "beats": self._beats}
        write_text(self._directory / self._name, json.dumps(record))

    def _others(self) -> list[str]:
        """The names of the files of other workers that are not dead; removes those that are."""
        names = [path.name for path in self._directory.glob("*.json")]
        # Names with a dot in front are being written.
        names = [name for name in names if name != self._name and not name.startswith(".")]
        return [name for name in names if not self._is_dead(name)]

    def _is_dead(self, name: str) -> bool:
        path = self._directory / name
        try:
            text = path.read_text()
        except OSError:
            return True  # Gone between listing and reading.
        now = time.monotonic()
        last, since = self._seen.get(name, (None, now))
        if text != last:
            self._seen[name] = (text, now)
            since = now
        if now - since < TERM and not _has_ended(json.loads(text)):
            return False
        with contextlib.suppress(OSError):
            path.unlink()
        return True


def _has_ended(record: dict) -> bool:
    """Whether a process ran on this machine, in the same container, and does no more."""
    if record["machine"] != _machine():
        return False
    try:
        os.kill(record["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """What has to agree for a process id to mean the same: host, boot and id namespace."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(pathlib.Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
