"""Shows progress: as a bar on a terminal or in a notebook, else as plain lines on stderr."""

import importlib
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import TypeVar

import tqdm

from foi_tf.wording import count_noun, format_seconds

T = TypeVar("T")
PLAIN_LINE_EVERY = 15.0  # Seconds between two plain lines.
RATE_AFTER = 3.0  # Seconds after which a rate is worth telling; ours.


def _in_notebook() -> bool:
    """Tells whether a notebook's kernel runs this, so that a bar can be shown in its page."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", {})


class Progress:
    """Counts up to `total` and shows the count; use it as a context manager and call `update`.

    Attributes:
      count: number of units done.
    """

    def __init__(self, label: str, total: int, *, unit: str = "step"):
        self._label, self._total, self.count, self._unit = label, total, 0, unit
        self._last_line = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._bar = None
        if _in_notebook() or sys.stderr.isatty():
            with warnings.catch_warnings():
                # Without ipywidgets a notebook has the bar of a terminal, which is no fault.
                warnings.simplefilter("ignore", tqdm.TqdmWarning)
                bar = importlib.import_module("tqdm.auto").tqdm
            self._bar = bar(desc=label, total=total, unit=unit)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, n: int = 1, **values: float) -> None:
        """Adds `n` to the count and shows it with `values`, such as the loss."""
        self.count += n
        shown = {name: f"{float(value):.4g}" for name, value in values.items()}
        if self._bar is not None:
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(n)
            return
        now = time.monotonic()
        rate = self._describe_rate(now)
        ended = self.count - n < self._total <= self.count
        if ended or now - self._last_line >= PLAIN_LINE_EVERY:
            self._last_line = now
            tail = "".join(f" {name}={text}" for name, text in shown.items())
            line = f"{self._label}: {self.count}/{count_noun(self._total, self._unit)}{tail}"
            print(line if ended else line + rate, file=sys.stderr, flush=True)

    def _describe_rate(self, now: float) -> str:
        """Returns units a second since the first update, and the time left; "" while unknown."""
        if self._first is None:  # The time before it, mostly of tracing, does not come again.
            self._first = self.count, now
            return ""
        (before, since), left = self._first, self._total - self.count
        if now - since < RATE_AFTER or self.count <= before or left < 0:
            return ""
        rate = (self.count - before) / (now - since)
        return f" ({rate:.3g} {self._unit}s/s, {format_seconds(left / rate)} left)"


def track(items: Iterable[T], label: str, total: int, *, unit: str = "image") -> Iterator[T]:
    """Yields `items` unchanged and shows how many of `total` were taken."""
    with Progress(label, total, unit=unit) as progress:
        for item in items:
            yield item
            progress.update()


def say(message: str) -> None:
    """Prints a line on stderr that is no warning."""
    print(message, file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """Prints a warning in one line on stderr; the program goes on."""
    print(f"warning: {message}", file=sys.stderr, flush=True)
