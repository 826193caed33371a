"""Runs the three stages of a study: pre-training, source and target.

Each stage finds the weights to start from, describes its link, chooses the learning rate and
trains the link.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from etils import epath

from foi_tf.chains import (
    config_guard,
    data_notes,
    initial_weights,
    lr_selection,
    result_row,
    run_link,
)
from foi_tf.chains.initial_weights import Start
from foi_tf.chains.links import Finished, Link, Member
from foi_tf.chains.lr_selection import Selection
from foi_tf.chains.setup import Setup
from foi_tf.data.records import prepared_datasets
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.study import configuration, grid, memory, results, sources, variation
from foi_tf.study.configuration import Config
from foi_tf.study.dataset import CONTRASTIVE, SEGMENTATION, Dataset, Task
from foi_tf.study.validation_tasks import PUBLISHED
from foi_tf.training import strategies


def pretrain(setup: Setup, task_type: str, init: str = "") -> Finished:
    """Trains a backbone on ILSVRC, by classification or self-supervision.

    The learning rate is the configuration's, since all chains share this one network.

    Args:
      task_type: one of `study.grid.PRETRAININGS`.
      init: initial weights, as for `source`; empty for random weights.

    Raises:
      FoiError: data, weights or configuration are missing or wrong. `source` and `target`
        raise it, too.
    """
    start = initial_weights.find_start(setup.workdir, init or results.SCRATCH, setup.backbone)
    task = grid.PRETRAININGS[task_type]
    prepared = _load_members(setup, sources.source_parts(task))
    link, _, train = _plan_link(setup, task, start, (None,), prepared)
    link, chosen = lr_selection.choose_best(link, "none", [])
    finished = train(link)
    _mark_chosen(setup, finished, chosen)
    _write_row(setup, finished, chosen, start, "full")
    return finished


def source(setup: Setup, task: Task, setting: str | None = None, init: str = "") -> Finished:
    """Trains a source model, from a pre-training or from other initial weights.

    A source that was trained on all images of one task is the same link as that task's full
    target without a source, if both restart as often; so it leaves the result row of that target.

    Args:
      task: a task, or the name of a set of tasks, as `study.sources.parse_source` returns it.
      setting: one of `study.grid.SETTINGS`; None for `study.grid.default_setting`.
      init: initial weights: "scratch", a pre-training in the workdir ("ilsvrc:contrastive"),
        or the path of a checkpoint or of a link's directory. Empty takes the pre-training
        by classification.
    """
    prepared = _load_members(setup, sources.source_parts(task))
    setting = setting or grid.default_setting(one.dataset for one in prepared)
    images = tuple(grid.max_source_images(one.dataset, setting) for one in prepared)
    start = initial_weights.find_start(setup.workdir, init, setup.backbone)
    link, rates, train = _plan_link(setup, task, start, images, prepared)
    link, chosen = lr_selection.choose_rate(link, setup.select, rates, train)
    finished = train(link)
    _mark_chosen(setup, finished, chosen)
    if images == (None,) and setup.config.link_of_source(task).schedule.is_same_for_both():
        _write_row(setup, finished, chosen, start, "full")
    return finished


def target(
    setup: Setup,
    task: Task,
    source_name: str,
    setting: str | None = None,
    *,
    init: str = "",
    source_weights: str = "",
    source_init: str = results.NO_SOURCE,
) -> Finished:
    """Trains a target model, from a source model or without a source, and writes its row.

    Args:
      source_name: a task or a set of tasks, "ilsvrc" for a chain without a source, or
        "scratch" for random weights.
      setting: one of `study.grid.SETTINGS`; None for `study.grid.default_setting`.
      init: initial weights of the chain, as for `source`. With a source task it is the name
        of those that the source model in the workdir began with; paths have no such name.
      source_weights: path of a trained source model (a link's directory or a checkpoint)
        to take in place of the one in the workdir.
      source_init: name of the initial weights of the source model in the workdir if they
        were given by a path, as result rows have it.
    """
    if task.type == CONTRASTIVE:
        raise FoiError(f"{task}: it has no annotations to evaluate on; give it to foi-source")
    (prepared,) = _load_members(setup, [task])
    setting = setting or grid.default_setting([prepared.dataset])
    start = _find_target_start(setup, source_name, setting, init, source_weights, source_init)
    images = (grid.max_target_images(prepared.dataset, setting),)
    link, rates, train = _plan_link(setup, task, start, images, [prepared], is_target=True)
    link, chosen = lr_selection.choose_rate(link, setup.select, rates, train)
    finished = train(link)
    _write_row(setup, finished, chosen, start, setting)
    return finished


def is_source_model(source_name: str, init: str) -> bool:
    """Tells whether `init` is the path of a trained source model.

    That is its old form; `target` takes such a path as `source_weights`.
    """
    without_source = source_name in (results.NO_SOURCE, results.SCRATCH)
    return not (without_source or initial_weights.is_name(init))


def _find_target_start(
    setup: Setup, source_name: str, setting: str, init: str, source_weights: str, source_init: str
) -> Start:
    """Finds the weights that a target starts from; see `target` for the arguments."""
    if source_weights and (init or source_name in (results.NO_SOURCE, results.SCRATCH)):
        raise FoiError("--source_weights goes with a --source task, and without --init")
    if source_name == results.SCRATCH:
        if init:
            raise FoiError("--source=scratch starts from random weights; leave --init out")
        return initial_weights.random_start()
    if source_name == results.NO_SOURCE:
        return initial_weights.find_start(setup.workdir, init, setup.backbone)
    task = sources.parse_source(source_name)
    if source_weights:
        return _find_source_weights(setup, task, source_weights)
    if not initial_weights.is_name(init):
        raise FoiError(
            f"--init={init}: not a name of initial weights; give a trained model of "
            f"{source_name} by --source_weights"
        )
    rows = _load_source_rows(setup, task)
    images = [grid.max_source_images(row, setting) for row in rows]
    return initial_weights.find_source_model(
        setup.workdir,
        task,
        images,
        setup.backbone,
        setup.select,
        init or source_init,
        setup.seed if variation.SOURCE in setup.vary else None,
        variation.varied_in_source(setup.vary, _is_limited(images)),
    )


def _find_source_weights(setup: Setup, task: Task, path: str) -> Start:
    """Finds a trained model of a source task by its path."""
    start = initial_weights.find_weights(path, setup.backbone)
    if start.finished is None:
        return dataclasses.replace(start, chain=(*start.chain, str(task)))
    if start.finished.link.task != task:
        raise FoiError(f"{path}: trained on {start.finished.link.task}, but --source={task}")
    return start


def _load_members(setup: Setup, tasks: Sequence[Task]) -> list[PreparedDataset]:
    """Loads the prepared dataset of each task."""
    return [prepared_datasets.load_task_dataset(setup.data_dir, task) for task in tasks]


def _load_source_rows(setup: Setup, task: Task) -> list[Dataset]:
    """Loads the rows of a source's datasets, which need not be prepared here."""
    found, rows_by_id = prepared_datasets.find_prepared(setup.data_dir), dict(PUBLISHED)
    parts = sources.source_parts(task)
    for part in parts:
        if part.dataset in found:
            row = prepared_datasets.load_dataset_row(setup.data_dir, part.dataset)
            rows_by_id[part.dataset] = row
        part.check(rows_by_id)
    return [rows_by_id[part.dataset] for part in parts]


def _plan_link(
    setup: Setup,
    task: Task,
    start: Start,
    images: Sequence[int | None],
    loaded: Sequence[PreparedDataset],
    is_target: bool = False,
) -> tuple[Link, tuple[float, ...], Callable[[Link], Finished]]:
    """Describes the link on a task, or on a set of tasks, and checks it against earlier ones.

    Args:
      images: how many training images each task of the set may use, in the order of
        `study.sources.source_parts`; None for all.
      loaded: their prepared datasets, in the same order.
      is_target: whether it ends a chain; else it makes a pre-training or a source model.

    Returns:
      The link with the configuration's learning rate; the learning rates to choose from;
      and a function that trains the link, or one that differs in learning rate and holdout.
    """
    parts = sources.source_parts(task)
    allowed = dict(zip(parts, images, strict=True))
    datasets = dict(zip(parts, loaded, strict=True))
    varied = variation.varied_in_link(setup.vary, _is_limited(images))
    order = sources.interleave_parts(task, setup.seed if variation.ORDER in varied else 0)
    prepared = [datasets[part] for part in order]
    settings = setup.config.link_of_source(task)
    schedules = settings.schedule.of_source(), settings.schedule.of_target(images)
    schedule = schedules[is_target]
    link = Link(
        chain=(*start.chain, str(task)),
        task=task,
        members=tuple(
            _describe_member(setup.config, part, one, allowed[part])
            for part, one in zip(order, prepared, strict=True)
        ),
        parent=start.digest,
        steps=schedule.steps_on(images),
        schedule=schedule,
        backbone=setup.backbone,
        precision=setup.precision,
        seed=setup.seed,
        varied=varied,
        replicas=setup.strategy.num_replicas_in_sync,
        hosts=strategies.count_hosts(setup.strategy),
        micro_batch=_choose_micro_batch(setup, task, schedule.batch_size),
        rematerialize=setup.rematerialize,
    )
    rates, restarts = {schedule.learning_rate, *settings.rates}, {x.restarts for x in schedules}
    config_guard.check_configuration(setup.workdir, link, rates, restarts)
    data_notes.check_validation_images(link, prepared)
    data_notes.tell_about_data(link, prepared)
    if strategies.is_chief(setup.strategy):
        data_notes.keep_warnings(prepared, epath.Path(setup.workdir) / "results")
    train = functools.partial(
        run_link.run_link,
        prepared=prepared,
        checkpoint=start.checkpoint,
        workdir=setup.workdir,
        strategy=setup.strategy,
        pace=setup.pace,
        sessions=setup.sessions,
        config=setup.config.name,
    )
    return link, settings.rates, train


def _choose_micro_batch(setup: Setup, task: Task, batch_size: int) -> int:
    """Returns the images of a replica that go through the network at a time; 0 for all.

    Raises:
      FoiError: the loss needs all images at once.
    """
    images = batch_size // setup.strategy.num_replicas_in_sync
    chosen = memory.choose_micro_batch(images, setup.micro_batch)
    if chosen and task.type == CONTRASTIVE:
        raise FoiError(
            f"--micro_batch={setup.micro_batch}: the loss of {task} compares all {images} images "
            "of a device; leave the flag out, or take more devices or a smaller batch_size"
        )
    return chosen


def _is_limited(images: Sequence[int | None]) -> bool:
    """Tells whether a link trains on a part of the images."""
    return any(count is not None for count in images)


def _describe_member(
    config: Config, task: Task, prepared: PreparedDataset, images: int | None
) -> Member:
    own = configuration.fill_in_crop(config.link(task), prepared.dataset.crop, str(task))
    assert own.crop is not None  # The line above raises an error if no size is known.
    view: dict[str, Any] = {"crop": own.crop, "rescale": own.rescale, "fit": own.fit}
    if task.type == SEGMENTATION:
        view["upsample"] = own.upsample
    return Member(task=task, data=prepared.digest, images=images, **view)


def _mark_chosen(setup: Setup, finished: Finished, chosen: Selection) -> None:
    """Makes the link the one that targets find."""
    if strategies.is_chief(setup.strategy):
        lr_selection.mark_chosen(finished.link.directory(setup.workdir), chosen)


def _write_row(
    setup: Setup, finished: Finished, chosen: Selection, start: Start, setting: str
) -> None:
    """Writes the result row of a link that was trained on one task."""
    domain, images = "", 0
    if start.finished is not None:
        domain, images = start.finished.domain, start.finished.n_train
    elif len(start.chain) > 1:
        task = Task.parse(start.chain[-1])
        found = _load_source_rows(setup, task)
        images = sum(one.size(task.type, "train") for one in found)
        domains = {one.domain for one in found}
        domain = domains.pop() if len(domains) == 1 else ""
    columns = result_row.build_source_columns(start, domain, images)
    row = result_row.build_row(finished, chosen, start, columns, setting, setup.vary)
    if strategies.is_chief(setup.strategy):
        directory = finished.link.directory(setup.workdir)
        rows = epath.Path(setup.workdir) / "results"
        if not math.isfinite(finished.value):
            (prepared,) = _load_members(setup, [finished.link.task])
            data_notes.note_missing_metric(finished, prepared, rows)
        result_row.write_row(row, directory, rows)
