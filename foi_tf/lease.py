"""Lets one worker at a time do a task, on any file system, and another one if it dies.

The task is mostly to train a link. Each worker that wants it writes a file of its own beside
the link, and then lists the files of
the others (the one-bit algorithm of Burns and Lamport). A worker that sees a file with a smaller
name removes its own file and waits. A worker that sees none waits until the files with larger names
are gone, and then holds the link. Of any two workers at least the one that wrote later sees the
other, so two never hold the link. This needs nothing but that a file is listed once it was written:
POSIX and Google Cloud Storage promise that, and NFS with its default caches lists it a few seconds
late. No file is ever written by two workers, so nothing depends on atomic creation.

A holder shows that it is alive: it writes its file anew every `BEAT`. Others count it as dead once
they have seen no change for `TERM` on their own clock, or at once if its process ran on the same
machine and is gone. Then they remove its file. A worker that was only paused finds its file gone
and stops. Until it does, two workers may train the same link. That costs time and nothing else,
since both write the same bits, whole files at a time.

A file that is empty, cut or no worker's counts as dead once it stayed so for longer than a beat.
"""

import contextlib
import functools
import json
import os
import pathlib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from etils import epath

from foi_tf import parsing
from foi_tf.errors import BusyError, FoiError
from foi_tf.files import write_text

BEAT = 10.0  # Seconds between signs of life. All three numbers are ours.
TERM = 120.0  # Seconds without one after which a worker counts as dead.
POLL = 1.0  # Seconds between two looks at the others' files.
LOOKS = 3  # Looks that a worker that does not wait grants to others of larger names; ours.

# By path of another worker's file: its content, and when this process saw it change. It outlives
# a lease, so that a worker that never waits (--busy=leave) notices the dead ones as well.
_SEEN: dict[epath.Path, tuple[bytes, float]] = {}


@contextlib.contextmanager
def hold_lease(
    directory: epath.Path, *, wait: bool, waiting: Callable[[], None], doing: str = "trains it"
) -> Iterator["Lease"]:
    """Holds the lease of a directory, mostly a link's, within the block.

    Args:
      wait: whether to wait if another worker holds it.
      waiting: is called once before waiting.
      doing: predicate for messages: another worker ... .

    Raises:
      BusyError: another worker holds it, and `wait` is False.
    """
    lease = Lease(directory / "leases", doing)
    try:
        lease.acquire(wait, waiting)
        with lease.alive():
            yield lease
    finally:
        lease.leave()


class Lease:
    """Asks for a task, and is the right to do it once `acquire` has returned."""

    def __init__(self, directory: epath.Path, doing: str = "trains it"):
        self._directory, self._name = directory, f"{uuid.uuid4().hex}.json"
        self._doing = doing
        self._beats, self._last = 0, 0.0

    def acquire(self, wait: bool, waiting: Callable[[], None]) -> None:
        """Returns once this worker holds the link; raises `BusyError` if it would have to wait."""
        told, looks = False, 0
        if not wait:  # A look costs less than a file of one's own.
            self._check_free(self._others())
        while True:
            if not self._has_file() or time.monotonic() - self._last > BEAT:
                self._beat()
            others = self._others()
            yields = any(name < self._name for name in others)
            if yields:
                self.leave()
            elif not others:
                return
            looks += 1
            # Those with larger names came at the same time, and are about to leave: if all left at
            # once, nobody would train the link.
            if not wait and (yields or looks > LOOKS):
                self._check_free(others)
            if not told:
                waiting()
                told = True
            time.sleep(POLL)

    def _check_free(self, others: list[str]) -> None:
        """Raises `BusyError` if one of the others is a worker."""
        # Whatever cannot be read may be half written, and is looked at again.
        if others and not any(map(self._is_damaged, others)):
            raise BusyError(f"{self._directory.parent}: another worker {self._doing}")

    def leave(self) -> None:
        """Removes this worker's file, if it ever wrote one."""
        if not self._beats:
            return
        with contextlib.suppress(OSError):
            (self._directory / self._name).unlink()

    def check(self) -> None:
        """Raises `FoiError` if another worker took this one for dead."""
        if not self._has_file():
            raise FoiError(
                f"{self._directory.parent}: another worker took it over, as this one had not "
                f"shown up for {TERM:.0f} s; the same command goes on or waits for it"
            )

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Gives a sign of life every `BEAT` within the block, from a thread of its own."""
        done = threading.Event()

        def beat():
            while not done.wait(BEAT):
                # A full disk, or a bucket that cannot be reached for a moment, must not end the
                # run; if no sign of life gets through, others take over.
                with contextlib.suppress(Exception):
                    if self._has_file():
                        self._beat()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _has_file(self) -> bool:
        return (self._directory / self._name).exists()

    def _beat(self) -> None:
        self._beats, self._last = self._beats + 1, time.monotonic()
        record = {"process": os.getpid(), "machine": _machine(), "beats": self._beats}
        # A sign of life need not survive a power cut.
        write = functools.partial(write_text, self._directory / self._name, is_durable=False)
        try:
            write(json.dumps(record))
        except FoiError:  # Whoever left may have removed the empty directory in the meantime.
            write(json.dumps(record))

    def _others(self) -> list[str]:
        """Returns the file names of other live workers; removes the files of dead ones."""
        names = [path.name for path in self._directory.glob("*.json") if not path.is_dir()]
        # A file that is being written has a name with a dot in front.
        names = [name for name in names if name != self._name and not name.startswith(".")]
        return [name for name in names if not self._is_dead(name)]

    def _is_damaged(self, name: str) -> bool:
        """Tells whether another's file, as it was read last, is no worker's record."""
        content, _ = _SEEN.get(self._directory / name, (None, 0.0))
        return content is not None and _parse(content) is None

    def _is_dead(self, name: str) -> bool:
        path = self._directory / name
        try:
            content = path.read_bytes()
        except OSError:
            return True  # Gone between listing and reading.
        now = time.monotonic()
        if path not in _SEEN or content != _SEEN[path][0]:
            _SEEN[path] = (content, now)
        unchanged, record = now - _SEEN[path][1], _parse(content)
        # A holder would have written a whole file by its next beat.
        if unchanged < (1.5 * BEAT if record is None else TERM) and not (
            record and _has_ended(record)
        ):
            return False
        _SEEN.pop(path, None)
        with contextlib.suppress(OSError):
            path.unlink()
        return True


def _parse(content: bytes) -> dict | None:
    """Returns a worker's record; None if the content is none."""
    try:
        record = parsing.parse_json(content)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("machine"), str):
        return None
    process = record.get("process")
    return record if type(process) is int and 0 < process < 2**31 else None


def _has_ended(record: dict) -> bool:
    """Tells whether a process ran on this machine, in the same container, and has ended."""
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
    """Names what a process id is valid in: host, boot and process-id namespace."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(pathlib.Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
