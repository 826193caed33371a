"""Hands commands to several processes, each of which keeps its traced step for the next one."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Hashable, Sequence
from multiprocessing import connection, process
from typing import Any

from foi_tf import preemption

Command = Sequence[str]


class WorkerPool:
    """Runs commands in processes that start once and take the next command when they are free.

    A worker goes on with commands of the key that it had last, since these share a traced step. It
    takes a key that another one works on only if there is no other.
    """

    def __init__(self, count: int, serve: Callable[[connection.Connection], None]):
        """Describes the workers; each starts with its first command.

        Args:
          serve: receives commands and answers with exit codes, until EOFError.
        """
        self._serve = serve
        self._workers: list[_Worker | None] = [None] * count

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Ends the workers; on an interruption they get its signal, and save checkpoints first."""
        number = None
        if kind is not None:
            number = signal.SIGTERM if kind is preemption.Preempted else signal.SIGINT
        started = [worker for worker in self._workers if worker]
        for worker in started:
            worker.end(number)
        for worker in started:
            worker.process.join()

    def run(self, commands: Sequence[Command], keys: Sequence[Hashable]) -> list[int]:
        """Runs commands; returns the exit code of each.

        Args:
          keys: of each command; those of one key share a traced step.

        Raises:
          Preempted, KeyboardInterrupt: a worker was stopped by a signal.
        """
        pending: dict[Hashable, list[int]] = {}
        for place, key in enumerate(keys):
            pending.setdefault(key, []).append(place)
        codes = [0] * len(commands)
        busy: dict[connection.Connection, tuple[int, int]] = {}
        while pending or busy:
            for number in range(len(self._workers)):
                if pending and number not in [other for other, _ in busy.values()]:
                    at_work = [self._last_key(other) for other, _ in busy.values()]
                    key = _choose_key(pending, self._last_key(number), at_work)
                    place = pending[key].pop(0)
                    if not pending[key]:
                        del pending[key]
                    busy[self._give(number, commands[place], key)] = number, place
            for answer in connection.wait(list(busy)):
                number, place = busy.pop(answer)
                codes[place] = self._receive(number)
        return codes

    def _last_key(self, number: int) -> Hashable:
        worker = self._workers[number]
        return worker.key if worker else None

    def _give(self, number: int, command: Command, key: Hashable) -> connection.Connection:
        """Gives a worker its next command; returns where it will answer."""
        worker = self._workers[number]
        if worker is None:
            worker = self._workers[number] = _Worker(self._serve)
        worker.key = key
        worker.connection.send(list(command))
        return worker.connection

    def _receive(self, number: int) -> int:
        """Returns the answer of a worker; of one that died, the exit code as shells have it."""
        worker = self._workers[number]
        assert worker is not None
        try:
            return worker.connection.recv()
        except EOFError:
            worker.process.join()
        self._workers[number] = None
        code = worker.process.exitcode or 0
        if code == preemption.EXIT_CODE:
            raise preemption.Preempted
        if code == 128 + signal.SIGINT:
            raise KeyboardInterrupt
        return code if code >= 0 else 128 - code


class _Worker:
    """Is a process and this end of the pipe to it."""

    def __init__(self, serve: Callable[[connection.Connection], None]):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: process.BaseProcess = context.Process(target=_begin, args=(serve, theirs))
        self.process.start()
        theirs.close()
        self.key: Hashable = None

    def end(self, number: int | None) -> None:
        """Sends a signal, or lets the worker end by itself."""
        if number is not None and self.process.is_alive():
            os.kill(self.process.pid or 0, number)
        self.connection.close()


def _begin(serve: Callable[[connection.Connection], None], answers: connection.Connection) -> None:
    # A signal to the whole group comes once, from the process that started this one.
    os.setsid()
    # The process that started this one is done, or has ended.
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        serve(answers)


def _choose_key(
    pending: dict[Hashable, list[int]], last: Hashable, at_work: Sequence[Hashable]
) -> Hashable:
    """Chooses the key of a worker's next command."""
    if last in pending:
        return last
    free = [key for key in pending if key not in at_work]
    return max(free or pending, key=lambda key: len(pending[key]))
