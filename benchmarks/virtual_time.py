"""Runs threads by a clock that jumps from one event to the next, over storage that takes time.

One thread runs at a time. Whoever sleeps, or asks the storage, stops until all that happens before
has happened. A day of 64 workers takes as long as the Python code that they run.
"""

import collections
import contextlib
import heapq
import itertools
import os
import threading

from etils.epath import backend


class Clock:
    """Keeps the time of all threads that `start` was given; stands in for the module `time`."""

    def __init__(self):
        self.now, self._order = 0.0, itertools.count()
        self._waiting: list[tuple[float, int, list[threading.Semaphore]]] = []
        self._local, self._over, self._alive = threading.local(), threading.Event(), 0
        self._failure: BaseException | None = None

    def monotonic(self) -> float:
        """Returns the time in seconds."""
        return self.now

    def is_running(self) -> bool:
        """Tells whether the calling thread goes by this clock."""
        return getattr(self._local, "gate", None) is not None

    def sleep(self, seconds: float) -> None:
        """Lets the calling thread go on after some seconds."""
        when = self.now + seconds
        while self._waiting and not self._waiting[0][2]:
            heapq.heappop(self._waiting)
        if not self._waiting or self._waiting[0][0] > when:
            self.now = when  # Nothing happens before, so no other thread has to run.
            return
        self.wake(self.park(), when)
        self.pause()

    def park(self) -> list[threading.Semaphore]:
        """Returns the ticket of a pause: whoever has it may `wake` the calling thread once."""
        return [self._local.gate]

    def wake(self, ticket: list[threading.Semaphore], when: float) -> None:
        """Ends the pause of a ticket at a time, unless it has ended before."""
        heapq.heappush(self._waiting, (when, next(self._order), ticket))

    def pause(self) -> None:
        """Stops the calling thread until a ticket of it is due."""
        gate = self._local.gate
        self._go_on()
        gate.acquire()

    def start(self, work) -> None:
        """Adds a thread, which begins now; none runs before `run`."""
        gate = threading.Semaphore(0)
        self._alive += 1

        def begin():
            self._local.gate = gate
            gate.acquire()
            try:
                work()
            except BaseException as error:  # Raised by `run`.
                self._failure = self._failure or error
            finally:
                self._alive -= 1
                self._go_on()

        threading.Thread(target=begin, daemon=True).start()
        self.wake([gate], self.now)

    def run(self) -> float:
        """Runs all threads to their ends; returns the time of the last one, or raises its error."""
        self._over.clear()
        self._go_on()
        self._over.wait()
        if self._failure or self._alive:
            raise self._failure or RuntimeError("a thread waits for what never comes")
        return self.now

    def _go_on(self) -> None:
        """Lets the next thread run: the caller stops or ends right afterwards."""
        while self._waiting:
            when, _, ticket = heapq.heappop(self._waiting)
            if ticket:  # Else it was woken by another event.
                self.now = max(self.now, when)
                ticket.pop().release()
                return
        self._over.set()


class Threads:
    """Stands in for the module `threading` in code that runs by a clock."""

    def __init__(self, clock: Clock):
        self._clock = clock

    def Event(self):  # noqa: N802
        """Makes an event as that of `threading`."""
        return _Event(self._clock)

    def Thread(self, target, daemon):  # noqa: N802
        """Makes a thread as that of `threading`."""
        del daemon
        return _Thread(self._clock, target)


class _Event:
    def __init__(self, clock: Clock):
        self._clock, self._is_set, self._tickets = clock, False, []

    def set(self) -> None:
        self._is_set = True
        for ticket in self._tickets:
            self._clock.wake(ticket, self._clock.now)

    def wait(self, timeout: float = 1e9) -> bool:
        if not self._is_set:
            ticket = self._clock.park()
            self._tickets = [ticket]
            self._clock.wake(ticket, self._clock.now + timeout)
            self._clock.pause()
        return self._is_set


class _Thread:
    def __init__(self, clock: Clock, target):
        self._clock, self._target, self._ended = clock, target, _Event(clock)

    def start(self) -> None:
        def work():
            self._target()
            self._ended.set()

        self._clock.start(work)

    def join(self) -> None:
        self._ended.wait()


class SlowStore:
    """Lets each request to local files take time, and counts it.

    A request takes `latency` seconds once it is served; a store serves `rate` requests a second,
    one after another. A list has `page` names a request, as in object stores.

    Attributes:
      counts: requests by kind.
      by_second: requests by the second that they were asked in.
      longest: the longest wait of a request, in seconds.
    """

    def __init__(self, clock: Clock, latency: float, rate: float, page: int = 1000):
        self._clock, self._latency, self._rate, self._page = clock, latency, rate, page
        self._free, self.longest = 0.0, 0.0
        self.counts, self.by_second = collections.Counter(), collections.Counter()

    def ask(self, kind: str, requests: int = 1) -> None:
        """Takes the time of some requests."""
        if not self._clock.is_running():
            return
        for _ in range(requests):
            begun = self._clock.now
            self.counts[kind] += 1
            self.by_second[int(begun)] += 1
            self._free = max(begun, self._free) + 1 / self._rate
            self.longest = max(self.longest, self._free - begun)
            self._clock.sleep(self._free - begun + self._latency)

    @contextlib.contextmanager
    def mounted(self):
        """Has all paths of the process go through this store within the block."""
        kind, whole = type(backend.os_backend), {}
        kinds = {
            "open": None, "exists": "look", "isdir": "look", "stat": "look", "listdir": "list",
            "glob": "list", "makedirs": "write", "mkdir": "write", "replace": "write",
            "rename": "write", "remove": "write", "rmtree": "write",
        }  # fmt: skip

        def wrap(name, real, label):
            def called(this, path, *given, **keywords):
                nested = getattr(self._clock._local, "inside", False)
                if nested or not self._clock.is_running():
                    return real(this, path, *given, **keywords)
                self._clock._local.inside = True
                try:
                    if label == "list":
                        # Listed when it is answered, so nothing that was written before is missed.
                        self.ask(label)
                        found = list(real(this, path, *given, **keywords))
                        self.ask(label, len(found) // self._page)
                        return found
                    writes = set(str(given[:1])) & set("wax")
                    self.ask(label or ("write" if writes else "read"))
                    return real(this, path, *given, **keywords)
                finally:
                    self._clock._local.inside = False

            return called

        def sync(handle):
            self.ask("sync")  # The disk below is not what is measured.

        fsync, os.fsync = os.fsync, sync
        for name, label in kinds.items():
            whole[name] = getattr(kind, name)
            setattr(kind, name, wrap(name, whole[name], label))
        try:
            yield self
        finally:
            os.fsync = fsync
            for name, real in whole.items():
                setattr(kind, name, real)
