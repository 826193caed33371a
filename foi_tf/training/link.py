"""A link of a chain: what it is, and where its outcome stands."""

import dataclasses
import hashlib
import json
from typing import Any

import pydantic
from etils import epath

from foi_tf import __version__
from foi_tf.errors import FoiError
from foi_tf.files import write_text
from foi_tf.study.config import LinkConfig
from foi_tf.study.dataset import Task

_RECORD, _WEIGHTS = "link.json", "weights"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """Everything that determines the weights that a training run ends with.

    Attributes:
      chain: what the weights have been trained on, this link's task last: names of
        initial weights ("scratch", "ilsvrc", ...) and of tasks.
      task: the task that is trained.
      parent: digest of the weights that it starts from; empty for random ones.
      data: digest of the records of its dataset.
      images: how many training images it may use; None for all.
      steps: of training.
      config: schedule, input size and rescaling; `crop` is set.
      backbone, precision, seed, replicas: as given to the program.
    """

    chain: tuple[str, ...]
    task: Task
    parent: str
    data: str
    images: int | None
    steps: int
    config: LinkConfig
    backbone: str
    precision: str
    seed: int
    replicas: int

    @property
    def digest(self) -> str:
        """Of all of it; equal links have equal weights on the same machine."""
        content = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def directory(self, workdir: epath.PathLike) -> epath.Path:
        """Where it is trained and kept."""
        name = f"{self.task.dataset}.{self.task.type}-{self.digest}"
        return epath.Path(workdir) / "links" / name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finished:
    """A link that was trained and evaluated.

    Attributes:
      metrics: on the validation images, the task type's own among them.
      n_train: how many images it was trained on.
      domain: of those images.
      wall_seconds: of training and evaluation, restarts included.
      device: what it ran on.
    """

    link: Link
    metrics: dict[str, float]
    n_train: int
    domain: str
    wall_seconds: float
    device: str
    version: str = __version__


def weights(directory: epath.PathLike) -> epath.Path:
    """The checkpoint that a finished link leaves in its directory."""
    return epath.Path(directory) / _WEIGHTS


def save(directory: epath.Path, finished: Finished) -> None:
    """Writes the record that makes a link count as finished."""
    write_text(directory / _RECORD, json.dumps(dataclasses.asdict(finished), indent=1))


def is_finished(directory: epath.PathLike) -> bool:
    """Whether a link was trained to its end here."""
    return (epath.Path(directory) / _RECORD).exists()


def load(directory: epath.PathLike) -> Finished:
    """Reads the record of a finished link.

    Raises:
      FoiError: there is none, or it is broken.
    """
    path = epath.Path(directory) / _RECORD
    try:
        return pydantic.TypeAdapter(Finished).validate_json(path.read_text())
    except OSError as error:
        raise FoiError(f"{path}: no finished link there") from error
    except pydantic.ValidationError as error:
        raise FoiError(f"{path}: broken; remove its directory and train again") from error


def find(workdir: epath.PathLike, **wanted: Any) -> list[epath.Path]:
    """Directories of the finished links whose fields have the wanted values, sorted."""
    root = epath.Path(workdir) / "links"
    found = [d for d in sorted(root.iterdir()) if is_finished(d)] if root.is_dir() else []
    records = ((directory, load(directory).link) for directory in found)
    return [d for d, link in records if all(getattr(link, k) == v for k, v in wanted.items())]
