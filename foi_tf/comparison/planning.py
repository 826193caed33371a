"""Finds what a comparison is of: target, sources and pre-training, by their names."""

import dataclasses
import functools
import json
import math
from collections.abc import Sequence

from foi_tf.chains import initial_weights
from foi_tf.comparison import candidates, inputs, race
from foi_tf.comparison.inputs import DataOptions, NamedData
from foi_tf.comparison.settings import RunList, Settings, list_runs
from foi_tf.errors import FoiError, NotReadyError
from foi_tf.study import configuration, grid, variation
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import Dataset, Size, Task
from foi_tf.study.grid import PRETRAINING
from foi_tf.study.results import NO_SOURCE, SCRATCH
from foi_tf.study.validation_tasks import PUBLISHED
from foi_tf.wording import count_noun


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """Says what is compared.

    Attributes:
      target: folder or name of the target, see `inputs.find_target`.
      sources: folders or names of sources; none for those that are prepared.
      options: how data are found.
      settings: how links are trained.
      budget: seconds; infinite for none.
      confidence: probability from which the choice is sure.
      seeds: the most seeds of a start.
      images: numbers of target images to compare the starts with, None for all; empty for those
        of the setting alone.
      out: directory to write the answer to.
      device_flags: flags of devices and of the pace of training, for commands that go on.
    """

    target: str
    sources: Sequence[str]
    options: DataOptions
    settings: Settings
    budget: float = math.inf
    confidence: float = race.CONFIDENCE
    seeds: int = race.MOST_SEEDS
    images: Sequence[int | None] = ()
    out: str = "report"
    device_flags: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonPlan:
    """Holds a request whose names are found: what would be trained.

    Attributes:
      request: the request.
      target: the target.
      sources: the sources by rank.
      init_name: name of the pre-training.
      has_init: whether its weights are there.
      extra: what else has to be prepared: the images of the pre-training.
    """

    request: Request
    target: NamedData
    sources: Sequence[NamedData]
    init_name: str
    has_init: bool
    extra: Sequence[NamedData] = ()

    @property
    def starts(self) -> list[str]:
        """Lists the names of the starts in the order in which they run first."""
        pretraining = [] if self.init_name == SCRATCH else [self.init_name]
        return [SCRATCH, *pretraining, *(str(one.task) for one in self.sources)]

    def list_runs(self, datasets: dict[str, Dataset]) -> RunList:
        """Lists the runs that it may take."""
        return list_runs(
            self.request.settings,
            datasets,
            self.target.task,
            [one.task for one in self.sources],
            range(self.request.seeds),
            self.init_name,
            has_init=self.has_init,
        )

    @property
    def identity(self) -> str:
        """Returns a text that is equal for calls of one comparison; sources may be added later."""
        own, target = self.request.settings, self.target
        setting = own.setting or grid.default_setting([target.dataset])
        described = [
            str(target.task), setting, self.init_name, own.backbone, own.precision, own.config,
            list(own.overrides), own.crop, own.select_lr,
            *([own.micro_batch] if own.micro_batch else []),
            *(["rematerialize"] if own.rematerialize else []),
        ]  # fmt: skip
        return json.dumps(described)

    def load_config(self, task: Task) -> Config:
        """Returns the configuration of a task's runs; its dataset need not be prepared."""
        own, rows = self.request.settings, self.find_rows()
        return _load_config(
            own.config or rows[task.dataset].default_config,
            frozenset({*PUBLISHED, *inputs.find_prepared(own.data_dir), *rows}),
            own.crop,
            tuple(own.overrides),
        )

    def with_images(self, count: int | None, budget: float) -> "ComparisonPlan":
        """Returns the plan for a number of target images, None for all, with a budget of its own.

        Seeds then vary which images these are.
        """
        limited = {"setting": f"images{count}", "vary": (*variation.DEFAULT, variation.SUBSET)}
        changes = {"setting": "full"} if count is None else limited
        settings = dataclasses.replace(self.request.settings, **changes)
        request = dataclasses.replace(self.request, settings=settings, budget=budget)
        return dataclasses.replace(self, request=request)

    def find_rows(self) -> dict[str, Dataset]:
        """Returns the rows of all datasets that it names, by id; prepared or not."""
        return {one.dataset.id: one.dataset for one in (self.target, *self.sources, *self.extra)}


@functools.cache
def _load_config(
    name: str, known: frozenset[str], crop: Size | None, overrides: tuple[str, ...]
) -> Config:
    return configuration.load_config(name, known, crop, overrides)


def plan_comparison(request: Request) -> ComparisonPlan:
    """Finds the target, the sources and the pre-training of a request; writes nothing.

    Raises:
      FoiError: a name is unknown or unclear, both `images` and a setting are given, or there are
        too few images.
    """
    if request.images and request.settings.setting is not None:
        raise FoiError("--images says how many target images there are; leave --setting out")
    init_name, has_init = _find_init(request.settings)
    target = inputs.find_target(request.target, request.options)
    _check_images(request.images, target)
    sources = candidates.find_sources(request.sources, target, request.options)
    extra = [] if has_init else [_find_pretraining_images(request)]
    found = ComparisonPlan(
        request=request,
        target=target,
        sources=sources,
        init_name=init_name,
        has_init=has_init,
        extra=extra,
    )
    for one in (target, *sources):  # A wrong one is told before anything is prepared.
        found.load_config(one.task)
    return found


def _check_images(counts: Sequence[int | None], target: NamedData) -> None:
    """Checks numbers of target images.

    Raises:
      FoiError: the target has fewer, or a number is too small.
    """
    every, least = target.dataset.size(target.task.type, "train"), inputs.LEAST_IMAGES["train"]
    for count in counts:
        if count is not None and not least <= count < every:
            raise FoiError(
                f"--images={count}: must be at least {least} and below the "
                f"{count_noun(every, 'training image')} of {target.task}; 'all' takes those"
            )


def _find_init(settings: Settings) -> tuple[str, bool]:
    """Returns the name of the initial weights, and whether they are there."""
    if settings.init == SCRATCH:
        return SCRATCH, True
    try:
        start = initial_weights.find_start(settings.workdir, settings.init, settings.backbone)
    except NotReadyError:
        return settings.init or NO_SOURCE, False
    return start.chain[0], True


def _find_pretraining_images(request: Request) -> NamedData:
    """Finds the images that the pre-training is trained on.

    Raises:
      FoiError: there are none.
    """
    try:
        return inputs.find_dataset(PRETRAINING, request.options)
    except FoiError as error:
        raise FoiError(
            f"{request.settings.workdir} has no pre-training with {request.settings.backbone}, and "
            f"{request.options.data_dir} no ilsvrc to train one on; give weights by --init, or "
            "--init=scratch to compare sources that start from random weights"
        ) from error
