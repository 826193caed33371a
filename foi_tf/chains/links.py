"""Describes a link of a chain, one training run, and reads and writes its record."""

import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Callable

import pydantic
from etils import epath

from foi_tf import __version__
from foi_tf.errors import FoiError
from foi_tf.files import describe_error, write_text
from foi_tf.study import metrics, variation
from foi_tf.study.choices import Fit, Upsample
from foi_tf.study.dataset import SEGMENTATION, TASK_TYPES, Size, Task
from foi_tf.study.schedules import Schedule, count_steps

# Version of the training code by task type. Raise it with any change after which an equal link of
# the type ends with other weights.
RECIPES = dict.fromkeys(TASK_TYPES, 1) | {"detection": 2, "keypoints": 3, "depth": 2}
# Added to `RECIPES` for links of several replicas. Raise it with any change after which only
# those end with other weights.
_REPLICA_RECIPES = {"segmentation": 1, "detection": 1, "keypoints": 1, "depth": 1}
# Likewise for links with an input size that the largest stride does not divide.
_STRIDE, _UNEVEN_SIZE_RECIPE = 32, 1
# Likewise for seeds that vary one of random weights and the order of images alone.
_ORDER_RECIPE = 1

# Choices by name of the member's field that links had no alternative to in earlier versions. Their
# digests leave them out.
_ONCE_ONLY = {"fit": "inside", "upsample": "logits"}

# By directory, the links that were begun and that this process has read.
_BEGUN_LINKS: dict[epath.Path, "Link"] = {}

_RECORD, _BEGUN, _WEIGHTS, _IMAGES = "link.json", "begun.json", "weights", "images.npz"


class NotFinishedError(FoiError):
    """Reports that a directory holds no finished link, or none that was begun."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """Describes one of the tasks that a link is trained on.

    Attributes:
      task: the task.
      data: digest of the records and the row of its dataset.
      images: how many training images it may use; None for all.
      crop: (height, width) of the network's input in pixels.
      rescale: range of the random scale, see `study.configuration.LinkConfig`.
      fit: scale that `rescale` multiplies, see there.
      upsample: of the head of segmentation, see there; "logits" for other task types.
    """

    task: Task
    data: str
    images: int | None
    crop: Size
    rescale: tuple[float, float]
    fit: Fit = "inside"
    upsample: Upsample = "logits"  # That of links from before there was a choice.

    @property
    def options(self) -> dict[str, str]:
        """Returns the choices of the task type, for `tasks.create`."""
        return {"upsample": self.upsample} if self.task.type == SEGMENTATION else {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Link:
    """Holds everything that determines the weights that a training run ends with.

    Attributes:
      chain: what the weights were trained on, with this link's task last: names of
        initial weights ("scratch", "ilsvrc", ...) and of tasks.
      task: the task that is trained, or the name of a set of tasks.
      members: the tasks of the set, in the order in which they take turns; one member if
        it is no set.
      parent: digest of the weights that the link starts from; empty for random weights.
      holdout: share of the training images that the link is evaluated on, in place of the
        validation images; 0 for all links but candidates of a learning rate.
      steps: number of training steps before the schedule restarts; a step takes one batch of
        each member.
      schedule: how the weights are optimized, the same for all members.
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      precision: one of `study.choices.PRECISIONS`.
      seed: fixes what the seed varies; everything else is as with seed 0.
      varied: what that is, see `study.variation.varied_in_link`.
      replicas: how many devices share each batch.
      hosts: how many processes read the data.
      micro_batch: images of a replica that go through the network at a time; 0 for all.
      rematerialize: whether the backward pass computes most maps again.
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
    varied: tuple[str, ...] = variation.DEFAULT
    replicas: int
    hosts: int = 1
    micro_batch: int = 0
    rematerialize: bool = False

    @property
    def digest(self) -> str:
        """Identifies the link; links of one digest end with equal weights on the same machine."""
        recipe = max(map(self._recipe, self.members))
        described = dataclasses.asdict(self)
        for member in described["members"]:
            for name, only in _ONCE_ONLY.items():
                if member[name] == only:
                    del member[name]
        if self.varied == variation.DEFAULT:  # Seeds varied nothing else before.
            del described["varied"]
        if not self.micro_batch:  # Earlier versions split no batches.
            del described["micro_batch"]
        if not self.rematerialize:  # Earlier versions kept all maps.
            del described["rematerialize"]
        del described["schedule"]["target_restarts"]  # `restarts` has what holds for the link.
        if not self.schedule.restarts:  # Earlier versions trained once.
            for name in ("restarts", "least_gain"):
                del described["schedule"][name]
        content = json.dumps([recipe, described], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def _recipe(self, member: Member) -> int:
        """Returns the version of the code that trains a member on this link's replicas."""
        kind = member.task.type
        replicas = _REPLICA_RECIPES.get(kind, 0) if self.replicas > 1 else 0
        uneven = _UNEVEN_SIZE_RECIPE if any(side % _STRIDE for side in member.crop) else 0
        apart = (variation.INIT in self.varied) != (variation.ORDER in self.varied)
        order = _ORDER_RECIPE if self.seed and apart else 0
        return RECIPES[kind] + replicas + uneven + order

    @property
    def init_seed(self) -> int:
        """Returns the seed of random weights."""
        return self.seed if variation.INIT in self.varied else 0

    @property
    def order_seed(self) -> int:
        """Returns the seed of the order of images and of their augmentation."""
        return self.seed if variation.ORDER in self.varied else 0

    @property
    def subset_seed(self) -> int:
        """Returns the seed that chooses a limited number of training images."""
        return self.seed if variation.SUBSET in self.varied else 0

    @property
    def parts(self) -> int:
        """Returns the number of micro-batches of each replica's batch."""
        images = self.schedule.batch_size // self.replicas
        return images // self.micro_batch if self.micro_batch else 1

    @property
    def images(self) -> tuple[int | None, ...]:
        """Lists how many training images each member may use."""
        return tuple(member.images for member in self.members)

    def directory(self, workdir: epath.PathLike) -> epath.Path:
        """Returns the directory in which the link is trained and kept."""
        return _links_directory(workdir) / f"{_name_prefix(self.task)}-{self.digest}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finished:
    """Holds the record of a link that was trained and evaluated.

    Attributes:
      link: the link.
      metric: name of the task's metric in `study.metrics.METRICS`; "mean" for a set whose
        members have different metrics.
      value: value of that metric; the mean over the members of a set.
      metrics: all metrics by name; those of a set are named TASK/NAME.
      n_train: how many images it was trained on.
      domain: image domain of those images; empty if they are of several.
      wall_seconds: seconds of training and evaluation, over all restarts.
      device: kind of device that it ran on: "cpu", "gpu" or "tpu".
      version: version of the package that trained it.
      subset: digest of the ids of the training images; "" if the version did not keep it.
      machine: name of the device; likewise.
      tensorflow: version of TensorFlow; likewise.
      deterministic: whether operations added up in a fixed order, see `study.choices.Pace`; None
        if the version did not keep it.
      passes: `value` at the end of each pass through the schedule, see `chains.convergence`; ()
        if the version did not keep it.
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
    subset: str = ""
    machine: str = ""
    tensorflow: str = ""
    deterministic: bool | None = None
    passes: tuple[float, ...] = ()

    @property
    def steps(self) -> int:
        """Returns the number of training steps in all."""
        return count_steps(self.link.steps, max(len(self.passes), 1))

    @property
    def constant(self) -> float:
        """Returns the metric of a constant prediction, for a set the mean; NaN if not known."""
        own = metrics.OF_TASK_TYPE[self.link.task.type] if self.metric == "mean" else self.metric
        name = metrics.CONSTANT + own
        found = [v for k, v in self.metrics.items() if k.rpartition("/")[2] == name]
        return sum(found) / len(found) if found else math.nan


def weights_path(directory: epath.PathLike) -> epath.Path:
    """Returns the path of the checkpoint that a finished link leaves in its directory."""
    return epath.Path(directory) / _WEIGHTS


def image_statistics_path(directory: epath.PathLike) -> epath.Path:
    """Returns the path of the file in which a finished link of one task keeps image statistics.

    There is no such file if the task's metric is not made of statistics of single images.
    """
    return epath.Path(directory) / _IMAGES


def save_begun(link: Link, directory: epath.Path) -> None:
    """Writes the description of the link that will be trained in the directory."""
    write_text(directory / _BEGUN, json.dumps(dataclasses.asdict(link), indent=1))


def save_finished(directory: epath.Path, finished: Finished) -> None:
    """Writes the record that makes the link in the directory count as finished."""
    write_text(directory / _RECORD, json.dumps(dataclasses.asdict(finished), indent=1))


def is_finished(directory: epath.PathLike) -> bool:
    """Tells whether the directory holds a link that was trained to its end."""
    return (epath.Path(directory) / _RECORD).exists()


def load_finished(directory: epath.PathLike) -> Finished:
    """Reads the record of a finished link.

    Raises:
      FoiError: there is no record, or it is broken.
    """
    return _read_json(epath.Path(directory) / _RECORD, Finished)


def load_begun(workdir: epath.PathLike, task: Task) -> dict[epath.Path, Link]:
    """Reads the links of a task that were begun in a working directory, finished or not.

    One that this process has read before is not read again: the name of its directory has its
    digest, so the description never changes.
    """
    root, prefix = _links_directory(workdir), f"{_name_prefix(task)}-"
    names = [path.name for path in root.iterdir()] if root.is_dir() else []
    begun = {}
    for directory in (root / name for name in sorted(names) if name.startswith(prefix)):
        if directory not in _BEGUN_LINKS:
            try:
                _BEGUN_LINKS[directory] = _read_json(directory / _BEGUN, Link)
            except NotFinishedError:
                continue  # Another worker is about to begin it.
        begun[directory] = _BEGUN_LINKS[directory]
    return begun


def find_finished(
    workdir: epath.PathLike, task: Task, wanted: Callable[[Link], bool]
) -> list[epath.Path]:
    """Returns the directories of the finished links of a task that are wanted, sorted."""
    begun = load_begun(workdir, task).items()
    return [directory for directory, link in begun if wanted(link) and is_finished(directory)]


def _links_directory(workdir: epath.PathLike) -> epath.Path:
    return epath.Path(workdir) / "links"


def _name_prefix(task: Task) -> str:
    return f"{task.dataset}.{task.type}"


@functools.cache  # Making one takes longer than reading many files by it.
def _make_adapter(kind: type) -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(kind)


def _read_json(path: epath.Path, kind: type):
    try:
        found: Link | Finished = _make_adapter(kind).validate_json(path.read_bytes())
        _ = (
            found.link if isinstance(found, Finished) else found
        ).digest  # Unknown task types raise KeyError.
        return found
    except FileNotFoundError as error:
        raise NotFinishedError(f"{path}: no finished link there") from error
    except OSError as error:
        raise FoiError(f"{path}: cannot be read ({describe_error(error)})") from error
    except (ValueError, KeyError, FoiError) as error:
        raise FoiError(f"{path}: broken; remove its directory and train again") from error
