"""Compares the starts of a target: the part of the front door for one answer."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from foi_tf import parsing
from foi_tf.api.arguments import Place, check_name, expand_places
from foi_tf.errors import FoiError
from foi_tf.study import choices
from foi_tf.study.dataset import DOMAINS, Size, Task
from foi_tf.study.grid import SETTINGS

if TYPE_CHECKING:
    from foi_tf.comparison.outcome import ComparedStarts


@expand_places
def compare(
    target: str | Place | Task,
    sources: Iterable[str | Place | Task] = (),
    *,
    data_dir: Place = "data",
    workdir: Place = "work",
    out: Place = "report",
    init: str | Place = "",
    budget: str | float | None = None,
    confidence: float = 0.9,
    seeds: int = 10,
    images: Iterable[int | str] = (),
    config: str | Place = "",
    overrides: Mapping[str, Any] | None = None,
    backbone: str = "",
    setting: str | None = None,
    collection: str = "",
    domains: Mapping[str, str] | None = None,
    val_fraction: float = 0.25,
    precision: str = "float32",
    strategy: str = "auto",
    crop: Size | None = None,
    select_lr: str = "none",
) -> ComparedStarts:
    """Says what a target should start from: random weights, a pre-training or a source.

    Args:
      target: folder of images with annotations, or a prepared dataset or task.
      sources: likewise; by default the prepared datasets of the target's task type.
      data_dir, workdir: where folders are prepared, and links and result rows are kept.
      out: directory to write the answer to.
      init: weights to start from, as for `source`.
      budget: time that all of it may take, in seconds or as "2h"; None for no end.
      confidence: probability from which the choice is sure.
      seeds: seeds of a start at most.
      images: numbers of target images to compare the starts with; "all" for all.
      backbone: as for `target`; by default that of published weights in `init`, or hrnet_w48.
      config, overrides, setting, precision, strategy, crop, select_lr: as for `target`.
      collection: "mini" finds rendered datasets by name.
      domains: image domain by folder, see `foi_tf.study.dataset.DOMAINS`.
      val_fraction: share to validate on, for folders without validation images.

    Returns:
      An object with `answer` (all starts, the best first), `text` (the answer in words), `race`
      and `curve` (the races by number of images).

    Raises:
      FoiError: a name, data or weights are missing or wrong.
    """
    from foi_tf.comparison import outcome, planning
    from foi_tf.comparison.inputs import DataOptions
    from foi_tf.comparison.settings import Settings
    from foi_tf.study.backbones import find_backbone
    from foi_tf.study.published_weights import PUBLISHED
    from foi_tf.training import strategies

    if not backbone:
        backbone = PUBLISHED[init].backbone if init in PUBLISHED else Settings.backbone
    find_backbone(backbone)
    check_name("precision", precision, choices.PRECISIONS)
    check_name("way to choose learning rates", select_lr, choices.SELECTIONS)
    if setting is not None:
        check_name("setting", setting, SETTINGS)
    for domain in (domains or {}).values():
        check_name("domain", domain, DOMAINS)
    devices = strategies.create_strategy(strategy)
    request = planning.Request(
        target=_write_name(target),
        sources=[_write_name(one) for one in sources],
        options=DataOptions(
            data_dir=os.fspath(data_dir),
            collection=collection,
            domains={name.rstrip("/"): domain for name, domain in (domains or {}).items()},
            val_fraction=val_fraction,
        ),
        settings=Settings(
            data_dir=os.fspath(data_dir),
            workdir=os.fspath(workdir),
            config=os.fspath(config),
            overrides=tuple(f"{k}={json.dumps(value)}" for k, value in (overrides or {}).items()),
            crop=crop,
            backbone=backbone,
            precision=precision,
            select_lr=select_lr,
            init=os.fspath(init),
            setting=setting,
            strategy=devices,
            pace=dataclasses.replace(
                choices.COMPARISON_PACE, deterministic=strategies.is_deterministic(None, devices)
            ),
        ),
        budget=_parse_budget(budget),
        confidence=confidence,
        seeds=seeds,
        images=[None if one == "all" else int(one) for one in images],
        out=os.fspath(out),
        device_flags=[] if strategy == "auto" else [f"--strategy={strategy}"],
    )
    return outcome.compare(planning.plan_comparison(request))


def _write_name(name: Any) -> str:
    return os.fspath(name) if isinstance(name, os.PathLike) else str(name)


def _parse_budget(budget: str | float | None) -> float:
    if not isinstance(budget, str):
        return math.inf if budget is None else float(budget)
    try:
        return parsing.parse_duration(budget)
    except ValueError as error:
        raise FoiError(f"budget={budget!r}: {error}") from error
