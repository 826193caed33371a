"""Trains pre-trainings, sources and targets: the part of the front door for chains."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from etils import epath

from foi_tf.api.arguments import Place, check_name, expand_places
from foi_tf.errors import FoiError
from foi_tf.study import choices, sources, variation
from foi_tf.study.dataset import Size, Task
from foi_tf.study.grid import PRETRAINING, PRETRAININGS, SETTINGS
from foi_tf.study.results import NO_SOURCE

if TYPE_CHECKING:
    import tensorflow as tf

    from foi_tf.chains.links import Finished
    from foi_tf.chains.stages import Setup
    from foi_tf.chains.train_session import SessionCache
    from foi_tf.study.configuration import Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """Describes a finished training run, the last link of a chain.

    A run can be given wherever a function takes the path of a link's directory.

    Attributes:
      chain: names of the initial weights and of the tasks, the trained task last.
      metric: name of the main metric, a key of `foi_tf.study.metrics.METRICS`.
      value: that metric on the validation images.
      metrics: all metrics by name; of a set of tasks, by "TASK/NAME".
      directory: directory of the link.
    """

    chain: tuple[str, ...]
    metric: str
    value: float
    metrics: Mapping[str, float]
    directory: epath.Path

    def __fspath__(self) -> str:
        return os.fspath(self.directory)

    def __str__(self) -> str:
        return f"{' → '.join(self.chain)}: {self.metric} = {self.value:.3f}"


@expand_places
def pretrain(
    task_type: str = PRETRAINING.type,
    *,
    data_dir: Place,
    workdir: Place,
    config: str | Place | Config = "",
    overrides: Mapping[str, Any] | None = None,
    backbone: str = "hrnet_w48",
    seed: int = 0,
    init: str | Place = "",
    **options,
) -> Run:
    """Trains a backbone on the dataset `ilsvrc`: the initial weights of chains (Appendix A.1).

    Args:
      task_type: "classification", or "contrastive" for SimCLR.
      init: weights to start from, as for `source`; empty for random ones.

    The other arguments are those of `source`.

    Raises:
      FoiError: data or weights are missing or wrong, or an argument is.
    """
    from foi_tf.chains import stages

    check_name("task type of a pre-training", task_type, PRETRAININGS)
    setup = _make_setup(
        PRETRAININGS[task_type], data_dir, workdir, config, overrides, backbone, seed, **options
    )
    return _describe(stages.pretrain(setup, task_type, os.fspath(init)), workdir)


@expand_places
def source(
    task: str | Task,
    *,
    data_dir: Place,
    workdir: Place,
    config: str | Place | Config = "",
    overrides: Mapping[str, Any] | None = None,
    backbone: str = "hrnet_w48",
    seed: int = 0,
    setting: str | None = None,
    init: str | Place = "",
    **options,
) -> Run:
    """Trains a source model (Section 3.1).

    Args:
      task: such as "coco:segmentation"; "multi:segmentation" for the paper's multi-source
        model; or several tasks of one type, joined by "+".
      data_dir: directory of the prepared datasets.
      workdir: directory for links and result rows. A finished link is read, not trained again.
      config: name of a configuration of the package, path of a .yaml file, or a `Config`;
        empty takes the one named after the dataset's collection.
      overrides: single values by key, such as {"segmentation.schedule.steps": 200}.
      backbone: as `foi_tf.study.backbones.find_backbone` takes it.
      seed: fixes what `vary` names: by default initial weights, data order and augmentation.
      setting: "small", "full" or "small_source" (Sections 5.2 to 5.4). Only the last one
        limits sources, so None takes all images.
      init: weights to start from: a name of `foi_tf.study.published_weights.PUBLISHED`, a
        link's directory, a checkpoint, "scratch", or "ilsvrc:contrastive"; empty takes
        the pre-training in `workdir`.
      options: `precision` ("float32", "bfloat16" or "float16"), `strategy` ("auto", "cpu",
        "mirrored", "multi_worker", "tpu", or a `tf.distribute.Strategy`), `tpu` (its address),
        `crop` (height and width of the input in pixels, for all datasets), `select_lr` ("none",
        "validation" or "holdout"), `vary` (what the seed varies, some of
        `foi_tf.study.variation.KINDS`; by default "init" and "order"), `micro_batch` (most
        images of a device that go through the network at a time), `rematerialize` (whether the
        backward pass computes most maps again), `steps_per_loop`, `checkpoint_every` (steps),
        `wait` (for another worker that trains the link; else `BusyError`), `deterministic` (by
        default True on CPUs), and `sessions`, a `foi_tf.chains.train_session.SessionCache` that
        keeps the traced training step for the next run on the same task.

    Raises:
      FoiError: data or weights are missing or wrong, or an argument is.
    """
    from foi_tf.chains import stages

    parsed = sources.parse_source(str(task))
    if setting is not None:
        check_name("setting", setting, SETTINGS)
    setup = _make_setup(parsed, data_dir, workdir, config, overrides, backbone, seed, **options)
    return _describe(stages.source(setup, parsed, setting, os.fspath(init)), workdir)


@expand_places
def target(
    task: str | Task,
    *,
    source: str | Task = NO_SOURCE,
    data_dir: Place,
    workdir: Place,
    config: str | Place | Config = "",
    overrides: Mapping[str, Any] | None = None,
    backbone: str = "hrnet_w48",
    seed: int = 0,
    setting: str | None = None,
    init: str | Place = "",
    source_weights: Place = "",
    source_init: str = NO_SOURCE,
    **options,
) -> Run:
    """Trains a target, evaluates it, and writes its result row (Section 3.1).

    Args:
      task: such as "camvid:segmentation".
      source: the source task, whose model `workdir` has; "ilsvrc" for the baseline without a
        source; "scratch" for random weights.
      setting: "small" takes 150 images of the target (1000 of coco and ade), "images25" 25, or
        any other number, and "full" all; None takes all of own data, and is "small" for other
        datasets.
      init: initial weights of the chain, as for `source`; with a source task a name, not a path.
      source_weights: trained source model to take in place of the one in `workdir`: a run of
        `source`, a link's directory or a checkpoint.
      source_init: name of the initial weights of the source model in `workdir`, if they were
        given by a path.

    The other arguments are those of `source`.

    Raises:
      FoiError: data or weights are missing or wrong, or an argument is.
    """
    from foi_tf.chains import stages

    parsed = Task.parse(str(task))
    if setting is not None and not choices.is_setting(setting):
        check_name("setting", setting, SETTINGS)
    setup = _make_setup(parsed, data_dir, workdir, config, overrides, backbone, seed, **options)
    finished = stages.target(
        setup,
        parsed,
        str(source),
        setting,
        init=os.fspath(init),
        source_weights=os.fspath(source_weights),
        source_init=source_init,
    )
    return _describe(finished, workdir)


def _make_setup(
    task: Task,
    data_dir: Place,
    workdir: Place,
    config: str | Place | Config,
    overrides: Mapping[str, Any] | None,
    backbone: str,
    seed: int,
    *,
    precision: str = "float32",
    strategy: str | tf.distribute.Strategy = "auto",
    tpu: str = "",
    crop: Size | None = None,
    select_lr: str = "none",
    vary: Iterable[str] = variation.DEFAULT,
    micro_batch: int = 0,
    rematerialize: bool = False,
    steps_per_loop: int = choices.Pace.steps_per_loop,
    checkpoint_every: int = choices.Pace.checkpoint_every,
    wait: bool = True,
    deterministic: bool | None = None,
    sessions: SessionCache | None = None,
) -> Setup:
    """Builds what a run needs; its keyword arguments are the `options` of `source`."""
    from foi_tf.chains import run_config, stages
    from foi_tf.chains.train_session import SessionCache
    from foi_tf.study.backbones import find_backbone
    from foi_tf.training import strategies

    find_backbone(backbone)  # Raises for an unknown name.
    check_name("precision", precision, choices.PRECISIONS)
    check_name("way to choose learning rates", select_lr, choices.SELECTIONS)
    if isinstance(strategy, str):
        strategy = strategies.create_strategy(strategy, tpu)
    if isinstance(config, str | os.PathLike):
        # JSON is YAML, which overrides are written in on the command line.
        texts = [f"{key}={json.dumps(value)}" for key, value in (overrides or {}).items()]
        config = run_config.load_config(
            data_dir, task, seed, os.fspath(config), crop=crop, overrides=texts
        )
    elif overrides or crop:
        raise FoiError("overrides and crop go with the name or path of a configuration")
    return stages.Setup(
        data_dir=data_dir,
        workdir=workdir,
        config=config,
        backbone=backbone,
        precision=precision,
        seed=seed,
        select=select_lr,
        vary=variation.parse_variation(vary),
        micro_batch=micro_batch,
        rematerialize=rematerialize,
        strategy=strategy,
        pace=choices.Pace(
            steps_per_loop=steps_per_loop,
            checkpoint_every=checkpoint_every,
            wait=wait,
            deterministic=strategies.is_deterministic(deterministic, strategy),
        ),
        sessions=sessions or SessionCache(),
    )


def _describe(finished: Finished, workdir: Place) -> Run:
    return Run(
        chain=finished.link.chain,
        metric=finished.metric,
        value=finished.value,
        metrics=finished.metrics,
        directory=finished.link.directory(workdir),
    )
