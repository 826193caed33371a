"""A link of a chain: what it is, and where its outcome stands."""

import dataclasses
import hashlib
import json
from collections.abc import Callable

import pydantic
from etils import epath

from foi_tf import __version__
from foi_tf.errors import FoiError
from foi_tf.files import write_text
from foi_tf.study.configuration import Schedule
from foi_tf.study.dataset import TASK_TYPES, Size, Task

# By task type; to be raised with any change of the code after which an equal link of the type ends
# with other weights.
RECIPES = dict.fromkeys(TASK_TYPES, 1) | {"keypoints": 2, "depth": 2}

_RECORD, _BEGUN, _WEIGHTS, _IMAGES = "link.json", "begun.json", "weights", "images.npz"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """One of the tasks that a link is trained on.

    Attributes:
      data: digest of its dataset's records and row.
      images: how many training images it may use; None for all.
      crop, rescale: see `study.configuration.LinkConfig`.
    """

    task: Task
    data: str
    images: int | None
    crop: Size
    rescale: tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """Everything that determines the weights that a training run ends with.

    Attributes:
      chain: what the weights have been trained on, this link's task last: names of
        initial weights ("scratch", "ilsvrc", ...) and of tasks.
      task: what is trained: a task, or the name of a set of them.
      members: the tasks in it, in the order in which they take turns; one but for sets.
      parent: digest of the weights that it starts from; empty for random ones.
      holdout: share of the training images that is kept to evaluate on, in place of the
        validation images; 0 but for candidates of a selection.
      steps: of training; a step takes one batch of each member.
      schedule: of all members.
      backbone, precision, seed, replicas: as given to the program.
      hosts: how many processes read the data.
    """

    chain: tuple[str, ...]
    task: Task
    members: tuple[Member, ...]
    parent: str
    holdout: float = 0.0
    steps: int
    schedule: Schedule
    backbone: str
    precision: str
    seed: int
    replicas: int
    hosts: int = 1

    @property
    def digest(self) -> str:
        """Of all of it; equal links have equal weights on the same machine."""
        recipe = max(RECIPES[member.task.type] for member in self.members)
        content = json.dumps([recipe, dataclasses.asdict(self)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def images(self) -> tuple[int | None, ...]:
        """How many training images each member may use."""
        return tuple(member.images for member in self.members)

    def directory(self, workdir: epath.PathLike) -> epath.Path:
        """Where it is trained and kept."""
        return _root(workdir) / f"{_stem(self.task)}-{self.digest}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finished:
    """A link that was trained and evaluated.

    Attributes:
      metric: of the task, a name of `study.metrics.METRICS`; of a set whose members differ
        in theirs, "mean".
      value: that metric; of a set, the mean over its members.
      metrics: all metrics by name; of a set, behind "TASK/".
      n_train: how many images it was trained on.
      domain: of those images; empty if they are of several.
      wall_seconds: of training and evaluation, restarts included.
      device: what it ran on.
    """

    link: Link
    metric: str
    value: float
    metrics: dict[str, float]
    n_train: int
    domain: str
    wall_seconds: float
    device: str
    version: str = __version__


def weights_path(directory: epath.PathLike) -> epath.Path:
    """The checkpoint that a finished link leaves in its directory."""
    return epath.Path(directory) / _WEIGHTS


def image_statistics_path(directory: epath.PathLike) -> epath.Path:
    """What a finished link of one task found in each image, where its metric is made of that."""
    return epath.Path(directory) / _IMAGES


def save_begun(link: Link, directory: epath.Path) -> None:
    """Writes down what is going to be trained in the directory."""
    write_text(directory / _BEGUN, json.dumps(dataclasses.asdict(link), indent=1))


def save_finished(directory: epath.Path, finished: Finished) -> None:
    """Writes the record that makes a link count as finished."""
    write_text(directory / _RECORD, json.dumps(dataclasses.asdict(finished), indent=1))


def is_finished(directory: epath.PathLike) -> bool:
    """Whether a link was trained to its end here."""
    return (epath.Path(directory) / _RECORD).exists()


def load_finished(directory: epath.PathLike) -> Finished:
    """Reads the record of a finished link.

    Raises:
      FoiError: there is none, or it is broken.
    """
    return _read(epath.Path(directory) / _RECORD, Finished)


def load_begun(workdir: epath.PathLike, task: Task) -> dict[epath.Path, Link]:
    """The links of a task that were begun in a working directory, finished or not."""
    root = _root(workdir)
    found = sorted(root.glob(f"{_stem(task)}-*/{_BEGUN}")) if root.is_dir() else []
    return {path.parent: _read(path, Link) for path in found}


def find_finished(
    workdir: epath.PathLike, task: Task, wanted: Callable[[Link], bool]
) -> list[epath.Path]:
    """Directories of the finished links of a task that are wanted, sorted."""
    links = load_begun(workdir, task).items()
    return [directory for directory, link in links if wanted(link) and is_finished(directory)]


def _root(workdir: epath.PathLike) -> epath.Path:
    return epath.Path(workdir) / "links"


def _stem(task: Task) -> str:
    return f"{task.dataset}.{task.type}"


def _read(path: epath.Path, kind: type):
    try:
        return pydantic.TypeAdapter(kind).validate_json(path.read_text())
    except OSError as error:
        raise FoiError(f"{path}: no finished link there") from error
    except pydantic.ValidationError as error:
        raise FoiError(f"{path}: broken; remove its directory and train again") from error
