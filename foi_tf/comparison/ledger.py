"""Keeps what a comparison has spent, so that its budget holds over interruptions."""

import hashlib
import json
import math
import time

from etils import epath

from foi_tf import parsing
from foi_tf.errors import FoiError
from foi_tf.files import write_text

_EVERY = 10.0  # Seconds between two writes while a link trains; ours.


class Ledger:
    """Counts the seconds of a comparison against its budget, over all its processes.

    Attributes:
      budget: seconds that may be spent; infinite without a budget.
      finished: keys of the runs that have finished.
    """

    def __init__(self, workdir: epath.PathLike, identity: str, budget: float = math.inf):
        """Opens the ledger of a comparison.

        Args:
          workdir: the ledger is a file below it.
          identity: text that is equal for calls of one comparison alone.
          budget: seconds.

        Raises:
          FoiError: the file is broken.
        """
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._path = epath.Path(workdir) / "comparisons" / f"{name}.json"
        self.budget, self.finished = budget, set[str]()
        self._before, self._start = 0.0, time.monotonic()
        self._written = -math.inf
        if self._path.exists():
            self._read()

    @property
    def spent(self) -> float:
        """Returns the seconds of this process and of earlier ones."""
        return self._before + time.monotonic() - self._start

    @property
    def left(self) -> float:
        """Returns the seconds that are left of the budget; negative where it is overdrawn."""
        return self.budget - self.spent

    def finish(self, key: str) -> None:
        """Marks a run as finished."""
        self.finished.add(key)
        self.save(now=True)

    def save(self, *, now: bool = False) -> None:
        """Writes the ledger, at most every ten seconds unless `now`."""
        if now or time.monotonic() - self._written > _EVERY:
            self._written = time.monotonic()
            record = {"spent_seconds": self.spent, "finished": sorted(self.finished)}
            write_text(self._path, json.dumps(record, indent=1))

    def _read(self) -> None:
        try:
            record = parsing.parse_json(parsing.read_text(self._path))
            self._before = float(record["spent_seconds"])
            self.finished = {str(key) for key in record["finished"]}
        except (ValueError, LookupError, TypeError) as error:
            raise FoiError(
                f"{self._path}: broken; remove it, and the same command goes on with a new budget"
            ) from error
