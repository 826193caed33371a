"""Runs damaged files through readers, within limits of time and memory."""

import collections
import contextlib
import dataclasses
import io
import pathlib
import random
import shutil
import signal
import time
import traceback
import warnings

from etils import epath

from foi_tf.errors import BusyError, FoiError
from tests.fuzz import mutations

LONGEST, LARGEST = 10.0, 1024.0  # Seconds of computing and MB for a file below 1 MB.
_HANG = 60.0  # Seconds after which a case that does not compute is ended.
_MESSAGE = 1500  # Characters of a message that still is one line.


class TooSlowError(BaseException):
    """Ends a case after `_HANG`; no handler of errors catches it."""


@dataclasses.dataclass
class Tally:
    """Counts what became of the cases of a target.

    Attributes:
      outcomes: number of cases by outcome.
      faults: descriptions of the cases that went wrong.
      slowest, largest: seconds and MB of the most demanding case.
    """

    outcomes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    faults: list[str] = dataclasses.field(default_factory=list)
    slowest: float = 0.0
    largest: float = 0.0


def run_target(target, cases, seed, place):
    """Damages the files of a target so many times; returns the tally."""
    rng, tally, place = random.Random(f"{seed} {target.name}"), Tally(), epath.Path(place)
    place.mkdir(parents=True)
    with _silence():
        paths = [pathlib.Path(path) for path in target.write(place)]
        whole = _read_whole(target, place)
    contents = {path: path.read_bytes() for path in paths}
    for case in range(cases):
        path = rng.choice(paths)
        data = contents[path]
        by_json = path.suffix == ".json" and rng.random() < 0.5
        damaged = (mutations.mutate_json if by_json else mutations.mutate_bytes)(rng, data)
        path.write_bytes(damaged)
        outcome, what = _try(target, place, whole, tally)
        tally.outcomes[outcome] += 1
        if outcome not in ("refused", "accepted"):
            tally.faults.append(f"{target.name}, case {case}, {path.name}: {outcome}: {what}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    shutil.rmtree(place)
    return tally


def _read_whole(target, place):
    """Reads undamaged files; None where they say that there is nothing to read."""
    try:
        return target.read(place)
    except FoiError:
        return None


def _try(target, place, whole, tally):
    """Reads once; returns the outcome and what was said."""
    before, started = _peak(reset=True), time.process_time()
    outcome, what = "accepted", ""
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, _HANG)
    try:
        with _silence():
            found = target.read(place)
        if target.checked and found != whole:
            outcome, what = "silent damage", repr(found)[:200]
    except (FoiError, BusyError) as error:
        what = str(error)
        outcome = "refused"
        if "\n" in what or len(what) > _MESSAGE:
            outcome = "refused in many lines"
    except TooSlowError:
        outcome = "too slow"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        outcome, what = "traceback", f"{type(error).__name__}: {error!s:.200} at {frame}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    used, seconds = _peak() - before, time.process_time() - started
    tally.slowest, tally.largest = max(tally.slowest, seconds), max(tally.largest, used)
    if used > LARGEST and outcome in ("refused", "accepted"):
        outcome, what = "too large", f"{used:.0f} MB"
    if seconds > LONGEST and outcome in ("refused", "accepted"):
        outcome, what = "too slow", f"{seconds:.1f} s"
    return outcome, what


def _stop(*_):
    raise TooSlowError


def _peak(reset=False):
    """Returns the most memory that the process had, in MB, where the system tells."""
    with contextlib.suppress(OSError):
        if reset:
            pathlib.Path("/proc/self/clear_refs").write_text("5")
        for line in pathlib.Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


@contextlib.contextmanager
def _silence():
    sink = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stderr(sink):
        warnings.simplefilter("ignore")
        yield
