"""The three kinds of run: pre-training, source and target. Each trains one link."""

import dataclasses

import tensorflow as tf
from etils import epath

from foi_tf import tasks
from foi_tf.data import prepared as prepared_lib
from foi_tf.errors import FoiError
from foi_tf.study import config as configs
from foi_tf.study import grid, results
from foi_tf.study.dataset import Dataset, Task
from foi_tf.study.registry import DATASETS
from foi_tf.training import chain, start
from foi_tf.training.link import Finished, Link
from foi_tf.training.start import Start


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """What all runs of a study share.

    Attributes:
      data_dir: prepared datasets.
      workdir: links and results go here.
      config: name or path of the configuration; empty takes the one that is named as
        the dataset's collection.
      backbone, precision, seed: of the link that is trained.
      strategy, pace: where it runs, and how it goes along.
    """

    data_dir: epath.PathLike
    workdir: epath.PathLike
    config: str
    backbone: str
    precision: str
    seed: int
    strategy: tf.distribute.Strategy
    pace: chain.Pace


def pretrain(setup: Setup, init: str) -> Finished:
    """Classification on ILSVRC, from random weights or those at the path `init`.

    Raises:
      FoiError: data, weights or configuration are missing or wrong; so do the others.
    """
    begin = start.elsewhere(init, setup.backbone) if init else start.scratch()
    finished = _run(setup, start.PRETRAINING, begin, None)
    _write_row(setup, finished, begin, "full")
    return finished


def source(setup: Setup, task: Task, setting: str, init: str) -> Finished:
    """A source model: from the pre-training, from "scratch" or from the path `init`.

    A source trained on all its images is at the same time the chain without a source
    of that task as a full target, and leaves its result row as such.
    """
    dataset = prepared_lib.open_task(setup.data_dir, task).dataset
    images, begin = grid.source_images(dataset, setting), _begin(setup, init)
    finished = _run(setup, task, begin, images)
    if images is None:
        _write_row(setup, finished, begin, "full")
    return finished


def target(setup: Setup, task: Task, source_name: str, setting: str, init: str) -> Finished:
    """A target model: from a source model, or from what `_begin` says without a source.

    Args:
      source_name: a task, "ilsvrc" for the baseline without a source, or "scratch".
      init: path of weights in place of those that `source_name` has in the workdir.
    """
    dataset = prepared_lib.open_task(setup.data_dir, task).dataset
    if source_name == results.SCRATCH:
        if init:
            raise FoiError("--source=scratch starts from random weights; leave --init out")
        begin = start.scratch()
    elif source_name == results.NO_SOURCE:
        begin = _begin(setup, init)
    else:
        begin = _source_model(setup, Task.parse(source_name), setting, init)
    finished = _run(setup, task, begin, grid.target_images(dataset, setting))
    _write_row(setup, finished, begin, setting)
    return finished


def _begin(setup: Setup, init: str) -> Start:
    if not init:
        return start.pretrained(setup.workdir, setup.backbone)
    if init == results.SCRATCH:
        return start.scratch()
    return start.elsewhere(init, setup.backbone)


def _source_model(setup: Setup, task: Task, setting: str, init: str) -> Start:
    if not init:
        dataset = _dataset(setup, task)
        images = grid.source_images(dataset, setting)
        return start.source(setup.workdir, task, images, setup.backbone)
    begin = start.elsewhere(init, setup.backbone)
    if begin.finished is None:
        return dataclasses.replace(begin, chain=(*begin.chain, str(task)))
    if begin.finished.link.task != task:
        raise FoiError(f"{init}: trained on {begin.finished.link.task}, but --source={task}")
    return begin


def _dataset(setup: Setup, task: Task) -> Dataset:
    """The row of a source's dataset, which need not be prepared here."""
    rows = dict(DATASETS)
    if task.dataset in prepared_lib.directories(setup.data_dir):
        rows[task.dataset] = prepared_lib.load(setup.data_dir, task.dataset).dataset
    task.check(rows)
    return rows[task.dataset]


def _run(setup: Setup, task: Task, begin: Start, images: int | None) -> Finished:
    prepared = prepared_lib.open_task(setup.data_dir, task)
    name = setup.config or prepared.dataset.collection
    known = {*DATASETS, *prepared_lib.directories(setup.data_dir)}
    config = configs.load(name, known).link(task)
    config = configs.with_crop(config, prepared.dataset.crop, str(task))
    schedule = config.schedule
    link = Link(
        chain=(*begin.chain, str(task)),
        task=task,
        parent=begin.digest,
        data=prepared.fingerprint,
        images=images,
        steps=schedule.steps if images is None else schedule.small_steps,
        config=config,
        backbone=setup.backbone,
        precision=setup.precision,
        seed=setup.seed,
        replicas=setup.strategy.num_replicas_in_sync,
    )
    return chain.run(link, prepared, begin.checkpoint, setup.workdir, setup.strategy, setup.pace)


def _write_row(setup: Setup, finished: Finished, begin: Start, setting: str) -> None:
    link = finished.link
    # Of detection the metric depends on the dataset (Appendix C).
    dataset = prepared_lib.open_task(setup.data_dir, link.task).dataset
    metric = tasks.create(link.task, dataset).metric
    hours = finished.wall_seconds / 3600
    row = results.Row(
        target=link.task.dataset,
        target_type=link.task.type,
        target_domain=finished.domain,
        **_source_columns(setup, begin),
        setting=setting,
        backbone=link.backbone,
        init=begin.chain[0],
        seed=link.seed,
        learning_rate=link.config.schedule.learning_rate,
        n_target=finished.n_train,
        metric=metric,
        value=finished.metrics[metric],
        steps=link.steps,
        wall_seconds=finished.wall_seconds,
        device=finished.device,
        devices=link.replicas,
        chip_hours=link.replicas * hours,
        config_digest=dataclasses.replace(link, seed=0).digest,
        version=finished.version,
        extra={name: value for name, value in finished.metrics.items() if name != metric},
    )
    results.write(row, epath.Path(setup.workdir) / "results")


def _source_columns(setup: Setup, begin: Start) -> dict[str, object]:
    if len(begin.chain) == 1:
        name = results.SCRATCH if begin.chain == (results.SCRATCH,) else results.NO_SOURCE
        return {"source": name, "source_type": "", "source_domain": "", "n_source": 0}
    task = Task.parse(begin.chain[-1])
    if begin.finished is not None:
        domain, n_train = begin.finished.domain, begin.finished.n_train
    else:
        dataset = _dataset(setup, task)
        domain, n_train = dataset.domain, dataset.size(task.type, "train")
    return {
        "source": task.dataset,
        "source_type": task.type,
        "source_domain": domain,
        "n_source": n_train,
    }
