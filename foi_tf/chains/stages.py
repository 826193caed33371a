"""The three kinds of run: pre-training, source and target. Each trains one link, or candidates."""

import dataclasses

import tensorflow as tf
from etils import epath

from foi_tf.chains import config_guard, initial_weights, lr_selection, result_row, run_link
from foi_tf.chains.initial_weights import Start
from foi_tf.chains.links import Finished, Link, Member
from foi_tf.chains.lr_selection import Selection
from foi_tf.data.records import prepared_datasets
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
from foi_tf.study import configuration, grid, results, sources
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import CONTRASTIVE, Dataset, Size, Task
from foi_tf.study.registry import DATASETS
from foi_tf.training import strategies

SELF_SUPERVISED = str(grid.PRETRAININGS[CONTRASTIVE])  # As the name of weights.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """What all runs of a study share.

    Attributes:
      data_dir: prepared datasets.
      workdir: links and results go here.
      config: name or path of the configuration; empty takes the one that is named as
        the dataset's collection.
      backbone, precision, seed: of the link that is trained.
      crop: input size on all datasets, see `study.configuration.Config`; None for their own.
      select: how its learning rate is chosen, one of `study.choices.SELECTIONS`; a source
        model is looked for among those that were chosen in the same way.
      strategy, pace: where it runs, and how it goes along.
    """

    data_dir: epath.PathLike
    workdir: epath.PathLike
    config: str
    backbone: str
    precision: str
    seed: int
    select: str
    strategy: tf.distribute.Strategy
    pace: Pace
    crop: Size | None = None


def pretrain(setup: Setup, task_type: str, init: str) -> Finished:
    """Classification or self-supervision on ILSVRC, from random weights or those of `init`.

    Its learning rate is the configuration's, since all chains share this one network.

    Raises:
      FoiError: data, weights or configuration are missing or wrong; so do the others.
    """
    setup = dataclasses.replace(setup, select="none")
    begin = _begin(setup, init or results.SCRATCH)
    finished, chosen = _run(setup, grid.PRETRAININGS[task_type], begin, (None,))
    _settle(setup, finished, chosen)
    _write_row(setup, finished, chosen, begin, "full")
    return finished


def source(setup: Setup, task: Task, setting: str, init: str) -> Finished:
    """A source model: from the pre-training or from what `init` says.

    A source trained on all images of one task is at the same time the chain without a
    source of that task as a full target, and leaves its result row as such.

    Args:
      task: as `study.sources.parse_source` returns it: a task, or the name of a set.
      init: "scratch", a pre-training in the workdir ("ilsvrc:contrastive"), or the path of
        weights; empty for the pre-training by classification.
    """
    images = tuple(
        grid.max_source_images(
            prepared_datasets.load_task_dataset(setup.data_dir, part).dataset, setting
        )
        for part in sources.source_parts(task)
    )
    begin = _begin(setup, init)
    finished, chosen = _run(setup, task, begin, images)
    _settle(setup, finished, chosen)
    if images == (None,):
        _write_row(setup, finished, chosen, begin, "full")
    return finished


def target(
    setup: Setup,
    task: Task,
    source_name: str,
    setting: str,
    init: str,
    source_init: str = results.NO_SOURCE,
) -> Finished:
    """A target model: from a source model, or from what `_begin` says without a source.

    Args:
      source_name: a task or a set, "ilsvrc" for the baseline without a source, or "scratch".
      init: the path of weights in place of those that `source_name` has in the workdir, or
        the name of those that the chain begins with, as `source` takes it.
      source_init: the same name where they are from elsewhere, as rows have it.
    """
    if task.type == CONTRASTIVE:
        raise FoiError(f"{task}: nothing of it is annotated; give it to foi-source")
    dataset = prepared_datasets.load_task_dataset(setup.data_dir, task).dataset
    if source_name == results.SCRATCH:
        if init:
            raise FoiError("--source=scratch starts from random weights; leave --init out")
        begin = initial_weights.random_start()
    elif source_name == results.NO_SOURCE:
        begin = _begin(setup, init)
    else:
        begin = _source_model(setup, sources.parse_source(source_name), setting, init, source_init)
    finished, chosen = _run(setup, task, begin, (grid.max_target_images(dataset, setting),))
    _write_row(setup, finished, chosen, begin, setting)
    return finished


def _begin(setup: Setup, init: str) -> Start:
    if (task := _pretraining(init)) is not None:
        return initial_weights.find_pretraining(setup.workdir, task, setup.backbone)
    if init == results.SCRATCH:
        return initial_weights.random_start()
    return initial_weights.find_weights(init, setup.backbone)


def _pretraining(init: str) -> Task | None:
    """The pre-training in the workdir that an `init` stands for; None for other weights."""
    return {"": grid.PRETRAINING, SELF_SUPERVISED: grid.PRETRAININGS[CONTRASTIVE]}.get(init)


def is_source_model(source: str, init: str) -> bool:
    """Whether `target` believes that weights are a source model, as a checkpoint cannot say."""
    named = init == results.SCRATCH or _pretraining(init) is not None
    without = source in (results.NO_SOURCE, results.SCRATCH)
    return not (named or without or epath.Path(init).is_dir())


def _source_model(setup: Setup, task: Task, setting: str, init: str, began: str) -> Start:
    if init == results.SCRATCH or _pretraining(init) is not None:
        images = [grid.max_source_images(row, setting) for row in _datasets(setup, task)]
        name = init or began
        return initial_weights.find_source_model(
            setup.workdir, task, images, setup.backbone, setup.select, name
        )
    begin = initial_weights.find_weights(init, setup.backbone)
    if begin.finished is None:
        return dataclasses.replace(begin, chain=(*begin.chain, str(task)))
    if begin.finished.link.task != task:
        raise FoiError(f"{init}: trained on {begin.finished.link.task}, but --source={task}")
    return begin


def _datasets(setup: Setup, task: Task) -> list[Dataset]:
    """The rows of a source's datasets, which need not be prepared here."""
    found, rows_by_id = prepared_datasets.find_prepared(setup.data_dir), dict(DATASETS)
    for part in sources.source_parts(task):
        if part.dataset in found:
            rows_by_id[part.dataset] = prepared_datasets.load_prepared(
                setup.data_dir, part.dataset
            ).dataset
        part.check(rows_by_id)
    return [rows_by_id[part.dataset] for part in sources.source_parts(task)]


def _run(
    setup: Setup, task: Task, begin: Start, images: tuple[int | None, ...]
) -> tuple[Finished, Selection]:
    """Trains a task, or a set of them with as many images each, in the order of its parts."""
    allowed = dict(zip(sources.source_parts(task), images, strict=True))
    order = sources.interleave_parts(task, setup.seed)
    prepared = [prepared_datasets.load_task_dataset(setup.data_dir, part) for part in order]
    config = _config(setup, prepared)
    of_all = config.link_of_source(task)
    schedule = of_all.schedule
    link = Link(
        chain=(*begin.chain, str(task)),
        task=task,
        members=tuple(
            _member(config, part, one, allowed[part])
            for part, one in zip(order, prepared, strict=True)
        ),
        parent=begin.digest,
        steps=schedule.steps_on(images),
        schedule=schedule,
        backbone=setup.backbone,
        precision=setup.precision,
        seed=setup.seed,
        replicas=setup.strategy.num_replicas_in_sync,
        hosts=strategies.count_hosts(setup.strategy),
    )
    config_guard.check_configuration(setup.workdir, link, {schedule.learning_rate, *of_all.rates})
    return lr_selection.select(
        link,
        setup.select,
        of_all.rates,
        lambda one: run_link.run_link(
            one, prepared, begin.checkpoint, setup.workdir, setup.strategy, setup.pace
        ),
    )


def _config(setup: Setup, prepared: list[PreparedDataset]) -> configuration.Config:
    name = setup.config or prepared[0].dataset.collection
    known = {*DATASETS, *prepared_datasets.find_prepared(setup.data_dir)}
    return configuration.load_config(name, known, setup.crop)


def _member(
    config: configuration.Config, part: Task, one: PreparedDataset, images: int | None
) -> Member:
    own = configuration.fill_in_crop(config.link(part), one.dataset.crop, str(part))
    return Member(task=part, data=one.digest, images=images, crop=own.crop, rescale=own.rescale)


def _settle(setup: Setup, finished: Finished, chosen: Selection) -> None:
    """Makes the link the one that targets find."""
    if strategies.is_chief(setup.strategy):
        lr_selection.mark_chosen(finished.link.directory(setup.workdir), chosen)


def _write_row(
    setup: Setup, finished: Finished, chosen: Selection, begin: Start, setting: str
) -> None:
    domain, images = "", 0
    if begin.finished is not None:
        domain, images = begin.finished.domain, begin.finished.n_train
    elif len(begin.chain) > 1:
        task = Task.parse(begin.chain[-1])
        found = _datasets(setup, task)
        images = sum(one.size(task.type, "train") for one in found)
        domains = {one.domain for one in found}
        domain = domains.pop() if len(domains) == 1 else ""
    row = result_row.build_row(
        finished, chosen, begin, result_row.build_source_columns(begin, domain, images), setting
    )
    if strategies.is_chief(setup.strategy):
        directory = finished.link.directory(setup.workdir)
        result_row.write_row(row, directory, epath.Path(setup.workdir) / "results")
