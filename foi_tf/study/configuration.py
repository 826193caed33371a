"""Schedules and input sizes of links, read strictly from configs/*.yaml.

A configuration has one section a task type; a section may refine itself for single
datasets under `datasets`, and the schedule of multi-source models under the name `multi`:

    segmentation:
      crop: [128, 128]
      schedule: {optimizer: sgd, learning_rate: 0.1, steps: 2000, small_steps: 600, batch_size: 16}
      datasets:
        suim: {schedule: {policy: poly}}
        multi: {schedule: {steps: 700}}
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Annotated, Any, Literal

import pydantic
import yaml
from etils import epath

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import sources
from foi_tf.study.dataset import TASK_TYPES, Size, Task
from foi_tf.study.grid import PRETRAINING
from foi_tf.study.results import MULTI_SOURCE

_STRICT = pydantic.ConfigDict(extra="forbid", strict=True)
Positive = Annotated[int, pydantic.Field(gt=0)]
Fraction = Annotated[float, pydantic.Field(ge=0, le=1)]
_UNKNOWN_KEY = "unexpected_keyword_argument"  # Pydantic's name for it.
NonNegative = Annotated[float, pydantic.Field(ge=0)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the weights of one link are optimized.

    Attributes:
      optimizer: "sgd" (with momentum), "adam" or "lars" (with momentum).
      learning_rate: where the policy starts, after the warm-up.
      steps: training steps on a whole training set.
      small_steps: training steps on a subset of it (section 5.1 lowers them).
      batch_size: images a step, over all replicas.
      policy: "step": times `decay` at each of the fractions `boundaries` of the steps;
        "poly": times (1 - step / steps) ** `power` (A.2); "cosine": times
        (1 + cos(pi * step / steps)) / 2 (SimCLR).
      warmup: fraction of the steps in which the rate rises linearly from zero.
      weight_decay: decoupled, on convolution and dense kernels only: a step takes it times the
        rate off them. For what recipes that have it in the gradient do with a momentum, it has
        to be 1 / (1 - momentum) times theirs. Of "lars" it is part of the gradient, as that is
        defined.
    """

    __pydantic_config__ = _STRICT
    optimizer: Literal["sgd", "adam", "lars"]
    learning_rate: Annotated[float, pydantic.Field(gt=0)]
    steps: Positive
    small_steps: Positive
    batch_size: Positive
    policy: Literal["step", "poly", "cosine"] = "step"
    boundaries: tuple[Fraction, ...] = (0.6, 0.85)
    decay: Fraction = 0.1  # A.2.
    power: NonNegative = 0.9  # A.2.
    warmup: Fraction = 0.0
    momentum: Fraction = 0.9
    weight_decay: NonNegative = 0.0

    def steps_on(self, images: Iterable[int | None]) -> int:
        """The steps of a link that may use so many images of each of its members; None: all."""
        return self.steps if all(limit is None for limit in images) else self.small_steps


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkConfig:
    """What a configuration says of the links of one task.

    Attributes:
      schedule: see `Schedule`.
      crop: (height, width) of the network's input; None takes the dataset's own.
      rescale: range of the random factor on top of the scale at which the whole
        image would fit into the crop (the paper does not print it); of contrastive tasks
        the magnification of the random windows, see `data.input.simclr_views.make_view_pair`.
      rate_factors: times the schedule's learning rate, the rates that --select_lr chooses
        from (three in section 4.2, which does not print them; the factors are ours).
    """

    __pydantic_config__ = _STRICT
    schedule: Schedule
    crop: tuple[Positive, Positive] | None = None
    rescale: tuple[Annotated[float, pydantic.Field(gt=0)], float] = (0.5, 2.0)
    rate_factors: tuple[Annotated[float, pydantic.Field(gt=0)], ...] = (0.3, 1.0, 3.0)

    def __post_init__(self):
        low, high = self.rescale
        if low > high:
            raise ValueError(f"rescale must be [low, high], not [{low}, {high}]")
        if not self.rate_factors:
            raise ValueError("rate_factors must name one factor at least")

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates to choose from, without the noise of floats."""
        rate = self.schedule.learning_rate
        return tuple(float(f"{rate * factor:.12g}") for factor in self.rate_factors)


@dataclasses.dataclass(frozen=True)
class Config:
    """A parsed file; `link` resolves what it says of one task.

    Attributes:
      name: of the file.
      sections, refined: by task type, and where a dataset differs from that.
      crop: (height, width) of the network's input on all datasets but the pre-training's,
        in place of what the file and the datasets say (Appendix B); None leaves it to them.
    """

    name: str
    sections: Mapping[str, LinkConfig]
    refined: Mapping[Task, LinkConfig]
    crop: Size | None = None

    def link(self, task: Task) -> LinkConfig:
        """The settings of a task's links.

        Raises:
          FoiError: the file has no section for the task's type.
        """
        if task in self.refined:
            found = self.refined[task]
        elif task.type in self.sections:
            found = self.sections[task.type]
        else:
            raise FoiError(f"{self.name}: no section '{task.type}', which {task} needs")
        if self.crop is None or task.dataset == PRETRAINING.dataset:
            return found
        return dataclasses.replace(found, crop=self.crop)

    def link_of_source(self, source: Task) -> LinkConfig:
        """The settings of a link on a task, or on a set as `study.sources` names it.

        Raises:
          FoiError: as `link`.
        """
        is_set = len(sources.source_parts(source)) > 1
        return self.link(Task(MULTI_SOURCE, source.type) if is_set else source)


def load_config(name_or_path: str, datasets: Iterable[str], crop: Size | None = None) -> Config:
    """Reads a configuration: a file's path, or the name of one that comes with the package.

    Args:
      name_or_path: "paper", "mini", ... or a path that ends in .yaml.
      datasets: the ids that `datasets:` may refine.
      crop: see `Config`.

    Raises:
      FoiError: there is no such file, it is no YAML, or a key or a value is wrong.
    """
    path, raw = _find(name_or_path), read_config_file(name_or_path)
    known = frozenset(datasets)
    sections, refined = {}, {}
    for task_type, section in raw.items():
        if task_type not in TASK_TYPES:
            raise unknown_name_error("section", str(task_type), TASK_TYPES, where=str(path))
        if not isinstance(section, dict):
            raise FoiError(f"{path}: {task_type} must be a mapping")
        own = {key: value for key, value in section.items() if key != "datasets"}
        sections[task_type] = _link_config(own, f"{path}: {task_type}")
        for dataset, changes in (section.get("datasets") or {}).items():
            where = f"{path}: {task_type}.datasets"
            if dataset not in known | {MULTI_SOURCE}:
                raise unknown_name_error("dataset", str(dataset), known, where=where)
            if dataset == MULTI_SOURCE and set(changes or {}) - {"schedule", "rate_factors"}:
                raise FoiError(
                    f"{where}.{dataset}: only its schedule and rate_factors can differ; input "
                    "size and rescaling are those of each dataset"
                )
            merged = _merge(own, changes or {}, f"{where}.{dataset}")
            refined[Task(dataset, task_type)] = _link_config(merged, f"{where}.{dataset}")
    return Config(path.name, sections, refined, crop)


def read_config_file(name_or_path: str) -> dict[str, Any]:
    """What a configuration's file says, as YAML has it.

    Raises:
      FoiError: there is no such file, or it is no YAML mapping.
    """
    path = _find(name_or_path)
    try:
        raw = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise FoiError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    except OSError as error:
        raise FoiError(f"{path}: no such configuration") from error
    if not isinstance(raw, dict):
        raise FoiError(f"{path}: must map task types to their settings")
    return raw


def fill_in_crop(config: LinkConfig, own: Size | None, where: str) -> LinkConfig:
    """Fills in the dataset's own input size where the configuration has none.

    Raises:
      FoiError: neither knows one.
    """
    crop = config.crop or own
    if crop is None:
        raise FoiError(f"{where}: no input size is known; give `crop` in the configuration")
    return dataclasses.replace(config, crop=crop)


def _find(name_or_path: str) -> epath.Path:
    if name_or_path.endswith((".yaml", ".yml")):
        return epath.Path(name_or_path)
    packaged = {p.stem: p for p in _directory().iterdir() if p.suffix == ".yaml"}
    if name_or_path not in packaged:
        raise unknown_name_error("configuration", name_or_path, packaged)
    return packaged[name_or_path]


def _directory() -> epath.Path:
    try:
        return epath.Path(str(resources.files("foi_tf.configs")))  # As installed.
    except ModuleNotFoundError:
        return epath.Path(__file__).parents[2] / "configs"  # In a checkout.


def _link_config(raw: dict[str, Any], where: str) -> LinkConfig:
    try:
        # By way of JSON, since strict JSON knows lists as tuples and 1 as a float.
        return pydantic.TypeAdapter(LinkConfig).validate_json(json.dumps(raw))
    except TypeError as error:
        raise FoiError(f"{where}: {error}") from error
    except pydantic.ValidationError as error:
        # A misspelt key is also a missing one; the first is what helps.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != _UNKNOWN_KEY)
        raise _explain(problems[0], where) from error


def _explain(problem: Mapping[str, Any], where: str) -> FoiError:
    *parents, key = problem["loc"] or ("",)
    if problem["type"] == _UNKNOWN_KEY:
        owner = Schedule if parents else LinkConfig
        known = [field.name for field in dataclasses.fields(owner)]
        return unknown_name_error(
            "key", str(key), known, where=".".join([where, *map(str, parents)])
        )
    place = ".".join([where, *map(str, problem["loc"])])
    if problem["type"] in ("missing", "missing_argument"):
        return FoiError(f"{place}: missing")
    return FoiError(f"{place}: {problem['input']!r}: {problem['msg']}")


def _merge(base: Mapping, changes: Any, where: str) -> dict:
    if not isinstance(changes, Mapping):
        raise FoiError(f"{where}: must be a mapping")
    merged = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value, f"{where}.{key}") if nested else value
    return merged
