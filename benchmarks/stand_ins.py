"""Stands in for what trains a link, in simulations of many workers (`scale_out`)."""

import collections
import dataclasses
import threading

from etils import epath

from foi_tf.training.evaluator import Evaluation


class PerProcess(collections.UserDict):
    """Is a dict of its own for each simulated process; `forget` begins another process."""

    def __init__(self):
        self._local = threading.local()

    @property
    def data(self):
        return self._local.__dict__.setdefault("found", {})

    def forget(self) -> None:
        self._local.found = {}


class Network:
    """Stands in for the network of a session."""

    variables = ()

    def checkpoint(self):
        return self

    def write(self, path):
        for suffix in (".index", ".data-00000-of-00001"):
            epath.Path(path + suffix).write_bytes(b"weights")


class Session:
    """Stands in for a `TrainSession`."""

    network, deterministic = Network(), True

    def __init__(self, link, strategy, prepared):
        self.link, self.strategy = link, strategy
        self.tasks = {str(member.task): Metric for member in link.members}
        self.sources = [Images(one) for one in prepared]

    def evaluate(self):
        return {name: Evaluation({"miou": 0.5}, None) for name in self.tasks}


class Metric:
    """Names the metric of a task."""

    metric = "miou"


@dataclasses.dataclass
class Images:
    """Names the training images."""

    prepared: object

    def ids(self):
        return self.prepared.ids["train"]


class Seconds:
    """Stands in for the variable that counts seconds."""

    @staticmethod
    def numpy():
        return 60.0


class Sessions:
    """Stands in for a `SessionCache`: a session costs nothing."""

    def get(self, link, prepared, checkpoint, strategy, deterministic):
        return Session(link, strategy, prepared)
