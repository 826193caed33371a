"""Writes and reads the outcomes of frozen probes: one JSON file for each target and network.

A probe fits a target's head to the features of a frozen backbone (`inference.frozen_probe`). Its
metric screens sources before any network is fine-tuned.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable

import pydantic
from etils import epath

from foi_tf import __version__, files, parsing
from foi_tf.errors import FoiError
from foi_tf.study import metrics
from foi_tf.study.choices import Fit
from foi_tf.study.dataset import Channels, Size, Task
from foi_tf.study.metrics import get_metric
from foi_tf.study.results import finite_or_none

LOSS = "loss"  # Name of the loss of validation images among the metrics of a probe.
STEPS = 30  # Iterations of the solver that fits a head, at most; ours.
_SUFFIX = ".json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeOrigin:
    """Holds everything that the metric of a probe depends on; equal origins mean equal metrics.

    Attributes:
      task: the target, such as "camvid:segmentation".
      data: digest of the target's records.
      train, val: numbers of training and of validation images.
      subset: digest of the ids of the training images.
      backbone: name of the backbone, such as "hrnet_w48".
      chain: tasks that the weights were trained on, such as ("ilsvrc", "coco:segmentation").
      weights: digest of the weights, or the seed of random ones.
      size: (height, width) of the network's input in pixels.
      fit: how images were fitted into it, see `data.input.views.fit_whole_image`.
      statistics: mean and standard deviation of the channels that normalized the pixels.
      steps: iterations of the solver, at most; 0 for classification.
      seed: random seed of the choice of images, and of random weights.
      recipe: version of the code that fits the head.
    """

    task: str
    data: str
    train: int
    val: int
    subset: str
    backbone: str
    chain: tuple[str, ...]
    weights: str
    size: Size
    fit: Fit
    statistics: tuple[Channels, Channels]
    steps: int
    seed: int
    recipe: int

    @property
    def digest(self) -> str:
        """Identifies the origin."""
        content = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeScore:
    """Holds the outcome of a probe.

    Attributes:
      origin: see `ProbeOrigin`.
      metric: name of the target's own metric, a key of `study.metrics.METRICS`.
      value: its value on the target's validation images; None if it is not finite.
      metrics: all metrics by name, with those of the best constant prediction, and `LOSS`.
      seconds: wall-clock seconds that the probe took, without starting TensorFlow.
      version: version of foi_tf.
    """

    origin: ProbeOrigin
    metric: str
    value: float | None
    metrics: dict[str, float | None]
    seconds: float
    version: str = __version__

    @property
    def score(self) -> float:
        """Returns the value so that higher is better; minus infinity where it is not finite."""
        if self.value is None:
            return float("-inf")
        return self.value if metrics.higher_is_better(self.metric) else -self.value

    @property
    def loss_score(self) -> float:
        """Returns minus the loss of the validation images; minus infinity where it is unknown."""
        loss = self.metrics.get(LOSS)
        return float("-inf") if loss is None else -loss


def have_learned(scores: Iterable[ProbeScore]) -> bool:
    """Tells whether one of several probes of a target reaches the least metric that tells."""
    return any(
        one.value is not None and one.value >= get_metric(one.metric).least for one in scores
    )


def make_score(
    origin: ProbeOrigin, metric: str, found: dict[str, float], seconds: float
) -> ProbeScore:
    """Makes a score of the metrics of an evaluation."""
    kept = {name: finite_or_none(value) for name, value in found.items()}
    return ProbeScore(
        origin=origin, metric=metric, value=kept[metric], metrics=kept, seconds=round(seconds, 3)
    )


def write_score(directory: epath.PathLike, score: ProbeScore) -> epath.Path:
    """Writes a score to a file of its own in a directory, and returns the file's path.

    Raises:
      FoiError: the directory cannot be written.
    """
    path = _score_path(directory, score.origin)
    files.write_text(path, json.dumps(dataclasses.asdict(score), indent=1, allow_nan=False) + "\n")
    return path


def find_score(directory: epath.PathLike, origin: ProbeOrigin) -> ProbeScore | None:
    """Reads the score of an origin from a directory; None if it is not there.

    Raises:
      FoiError: the file is damaged.
    """
    path = _score_path(directory, origin)
    return _read_score(path) if path.exists() else None


def load_scores(paths: Iterable[epath.PathLike]) -> list[ProbeScore]:
    """Reads files of scores, and all such files of directories in the order of their names.

    Raises:
      FoiError: there is none, or a file is damaged.
    """
    found: list[ProbeScore] = []
    for path in map(epath.Path, paths):
        inside = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        inside = [each for each in inside if not each.name.startswith(".")]  # Being written.
        if not inside:
            raise FoiError(f"{path}: no probes (*{_SUFFIX}) in it; make them with foi-probe")
        found.extend(map(_read_score, inside))
    return found


def _score_path(directory: epath.PathLike, origin: ProbeOrigin) -> epath.Path:
    name = f"{Task.parse(origin.task).dataset}.{Task.parse(origin.task).type}-{origin.digest}"
    return epath.Path(directory) / f"{name}{_SUFFIX}"


def _read_score(path: epath.Path) -> ProbeScore:
    try:
        found = parsing.parse_json(parsing.read_text(path))
        return pydantic.TypeAdapter(ProbeScore).validate_python(found)
    except ValueError as error:
        raise FoiError(
            f"{path}: not a probe ({files.describe_error(error)}); remove it and repeat foi-probe"
        ) from error
