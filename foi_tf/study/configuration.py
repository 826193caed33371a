"""Reads schedules and input sizes of links from configs/*.yaml; refuses keys it does not know.

A configuration has one section for each task type. A section may hold other values for
single datasets under `datasets`, and another schedule for multi-source models under the
name `multi`:

    segmentation:
      crop: [128, 128]
      schedule: {optimizer: sgd, learning_rate: 0.1, steps: 2000, small_steps: 600, batch_size: 16}
      datasets:
        suim: {schedule: {policy: poly}}
        multi: {schedule: {steps: 700}}
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import pydantic

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import config_files, sources
from foi_tf.study.choices import Fit, Upsample
from foi_tf.study.dataset import ANNOTATED_TASK_TYPES, SEGMENTATION, TASK_TYPES, Size, Task
from foi_tf.study.grid import PRETRAINING
from foi_tf.study.results import MULTI_SOURCE
from foi_tf.study.schedules import STRICT, Positive, Schedule

_UNKNOWN_KEY = "unexpected_keyword_argument"  # Pydantic's name for an unknown key.
# Keys that mean something for some task types only.
_TYPES_OF_KEY = {"upsample": (SEGMENTATION,), "fit": ANNOTATED_TASK_TYPES}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkConfig:
    """Holds the settings that a configuration gives the links of one task.

    Attributes:
      schedule: see `Schedule`.
      crop: (height, width) of the network's input in pixels; None takes the dataset's own.
      rescale: (lowest, highest) random factor on top of the scale of `fit` (the paper does not
        print it). For contrastive tasks
        it is the magnification of the random windows, see `data.input.simclr_views.make_view_pair`.
      fit: scale at which images are evaluated, and which `rescale` multiplies. Section 4.1
        says that "one side matches the input resolution", so both readings are ours. "inside"
        shows whole images, with a margin; "cover" fills the input and cuts off what is beyond
        it. Contrastive tasks have none.
      upsample: what the head of segmentation upsamples to the size of the image. Section 4.2
        has "probabilities", after softmax. "logits" is usual elsewhere.
      rate_factors: factors of the schedule's learning rate; the products are the learning
        rates that --select_lr chooses from. Section 4.2 takes three and does not print them;
        these factors are ours.
    """

    __pydantic_config__ = STRICT
    schedule: Schedule
    crop: tuple[Positive, Positive] | None = None
    rescale: tuple[Annotated[float, pydantic.Field(gt=0)], float] = (0.5, 2.0)
    fit: Fit = "inside"
    upsample: Upsample = "probabilities"
    rate_factors: tuple[Annotated[float, pydantic.Field(gt=0)], ...] = (0.3, 1.0, 3.0)

    def __post_init__(self):
        low, high = self.rescale
        if low > high:
            raise ValueError(f"rescale must be [low, high], not [{low}, {high}]")
        if not self.rate_factors:
            raise ValueError("rate_factors must name at least one factor")

    @property
    def rates(self) -> tuple[float, ...]:
        """Lists the learning rates to choose from, rounded to 12 digits."""
        rate = self.schedule.learning_rate
        return tuple(float(f"{rate * factor:.12g}") for factor in self.rate_factors)


@dataclasses.dataclass(frozen=True)
class Config:
    """Holds a parsed configuration; `link` returns the settings of one task.

    Attributes:
      name: name of the file.
      sections: settings by task type.
      refined: settings of the tasks that differ from their section.
      crop: (height, width) of the network's input in pixels, on all datasets but the one of
        the pre-training; replaces the sizes of the file and of the datasets (Appendix B).
        None keeps those.
    """

    name: str
    sections: Mapping[str, LinkConfig]
    refined: Mapping[Task, LinkConfig]
    crop: Size | None = None

    def link(self, task: Task) -> LinkConfig:
        """Returns the settings of a task's links.

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
        """Returns the settings of a link on a source: a task, or a set as in `study.sources`.

        Raises:
          FoiError: as `link`.
        """
        is_set = len(sources.source_parts(source)) > 1
        return self.link(Task(MULTI_SOURCE, source.type) if is_set else source)


def load_config(
    name_or_path: str,
    datasets: Iterable[str],
    crop: Size | None = None,
    overrides: Sequence[str] = (),
) -> Config:
    """Reads and checks a configuration.

    Args:
      name_or_path: see `config_files.find_config_file`.
      datasets: ids of the datasets that `datasets:` may name.
      crop: see `Config`.
      overrides: see `config_files.read_config_file`.

    Raises:
      FoiError: the file does not exist or is not YAML, or a key or a value is wrong.
    """
    path = config_files.find_config_file(name_or_path)
    raw = config_files.read_config_file(name_or_path, overrides)
    shown = f"{path} (with --set)" if overrides else str(path)
    known = frozenset(datasets)
    sections, refined = {}, {}
    for task_type, section in raw.items():
        if task_type not in TASK_TYPES:
            raise unknown_name_error("section", str(task_type), TASK_TYPES, where=shown)
        if not isinstance(section, dict):
            raise FoiError(f"{shown}: {task_type}: the section must be a mapping of keys to values")
        own = {key: value for key, value in section.items() if key != "datasets"}
        _check_keys_of(task_type, own, f"{shown}: {task_type}")
        sections[task_type] = _parse_link_config(own, f"{shown}: {task_type}")
        where = f"{shown}: {task_type}.datasets"
        datasets_section = config_files.merge_settings(
            {}, {} if (given := section.get("datasets")) is None else given, where
        )
        for dataset, changes in datasets_section.items():
            if dataset not in known | {MULTI_SOURCE}:
                raise unknown_name_error("dataset", str(dataset), known, where=where)
            place = f"{where}.{dataset}"
            merged = config_files.merge_settings(own, {} if changes is None else changes, place)
            if dataset == MULTI_SOURCE and set(changes or ()) - {"schedule", "rate_factors"}:
                raise FoiError(
                    f"{place}: only its schedule and rate_factors can differ; input "
                    "size and rescaling are those of each dataset"
                )
            _check_keys_of(task_type, changes or {}, place)
            refined[Task(dataset, task_type)] = _parse_link_config(merged, place)
    return Config(path.name, sections, refined, crop)


def choose_crop(config: LinkConfig, own: Size | None, where: str) -> Size:
    """Returns the input size: the crop of the settings, else the dataset's own.

    Args:
      config: settings of a task's links.
      own: (height, width) of the dataset in pixels, or None.
      where: start of the error message.

    Raises:
      FoiError: neither the settings nor the dataset give an input size.
    """
    crop = config.crop or own
    if crop is None:
        raise FoiError(f"{where}: no input size is known; give `crop` in the configuration")
    return crop


def fill_in_crop(config: LinkConfig, own: Size | None, where: str) -> LinkConfig:
    """Returns the settings with the crop that `choose_crop` returns.

    Raises:
      FoiError: as `choose_crop`.
    """
    return dataclasses.replace(config, crop=choose_crop(config, own, where))


def _check_keys_of(task_type: str, raw: Mapping[str, Any], where: str) -> None:
    """Refuses keys that mean nothing for a task type."""
    for key, types in _TYPES_OF_KEY.items():
        if key in raw and task_type not in types:
            raise FoiError(f"{where}.{key}: {task_type} has no such choice; remove the key")


def _parse_link_config(raw: dict[str, Any], where: str) -> LinkConfig:
    """Checks one section's values; `where` starts the error message."""
    try:
        # JSON, because pydantic's strict mode accepts lists as tuples and 1 as a float there.
        return pydantic.TypeAdapter(LinkConfig).validate_json(json.dumps(raw, allow_nan=False))
    except pydantic.ValidationError as error:
        # A misspelled key often leaves another one missing; naming the first helps more.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != _UNKNOWN_KEY)
        raise _explain(problems[0], where) from error
    except (TypeError, ValueError) as error:
        raise FoiError(f"{where}: {error}") from error


def _explain(problem: Mapping[str, Any], where: str) -> FoiError:
    """Turns one of pydantic's problems into an error that names the key."""
    *parents, key = problem["loc"] or ("",)
    if problem["type"] == _UNKNOWN_KEY:
        owner = Schedule if parents else LinkConfig
        known = [field.name for field in dataclasses.fields(owner)]
        return unknown_name_error(
            "key", str(key), known, where=".".join([where, *map(str, parents)])
        )
    place = ".".join([where, *map(str, problem["loc"])])
    if problem["type"] in ("missing", "missing_argument"):
        return FoiError(f"{place}: the key is missing; add it")
    return FoiError(f"{place}: {problem['input']!r}: {problem['msg']}")
