"""Everything needed to train a link: network, optimizer, traced step and input.

Tracing a step takes as long as some hundred steps of a small network. Links that differ only in
their initial weights and learning rate, as the chains of a study that end in one target do, share
one session. Each of them ends as it would in a process of its own, bit for bit.
"""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf
from etils import epath

from foi_tf import tasks
from foi_tf.chains import link_inputs
from foi_tf.chains.links import Link
from foi_tf.data.input import pipeline
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.models import transfer
from foi_tf.study import backbones
from foi_tf.tasks.base import TaskType
from foi_tf.training import optimizers, strategies
from foi_tf.training.evaluator import Evaluation, Evaluator
from foi_tf.training.trainer import Trainer


class SessionCache:
    """Keeps the newest session, so that the next link need not trace its step again.

    Whoever runs several links holds one cache and passes it to all of them.

    Attributes:
      newest: the session that is kept; None before the first link.
    """

    def __init__(self) -> None:
        self.newest: TrainSession | None = None

    def get(
        self,
        link: Link,
        prepared: Sequence[PreparedDataset],
        checkpoint: epath.Path | None,
        strategy: tf.distribute.Strategy,
        deterministic: bool = True,
    ) -> "TrainSession":
        """Returns a session for a link, with the link's first weights.

        That is the newest session if it fits the link, and a new one otherwise.

        Args:
          prepared: the datasets of the link's members, in their order.
          checkpoint: checkpoint whose backbone weights the link starts from; None for
            random weights.
          deterministic: see `study.choices.Pace`.

        Raises:
          FoiError: the weights do not fit the backbone.
        """
        directories = [one.directory for one in prepared]
        if self.newest is None or not self.newest.fits(link, directories, strategy):
            self.newest = None  # Frees its memory before the next one is built.
            tf.keras.backend.clear_session()  # Frees the networks of earlier links.
            strategies.check_precision(link.precision, strategy)
            self.newest = TrainSession(link, prepared, strategy, deterministic)
        self.newest.begin(link, checkpoint)
        return self.newest


class TrainSession:
    """Trains links that differ only in chain, parent and learning rate, one after another.

    Attributes:
      link: the link that is trained now.
      strategy: the distribution strategy that it is trained with.
      tasks: task type by name of the task, in the order of the link's members.
      network: the backbone and its heads.
      trainer: takes the training steps.
      sources: training images of each member.
    """

    def __init__(
        self,
        link: Link,
        prepared: Sequence[PreparedDataset],
        strategy: tf.distribute.Strategy,
        deterministic: bool = True,
    ):
        self.link, self.strategy, self._prepared = link, strategy, prepared
        self._deterministic = deterministic
        strategies.make_repeatable(link.init_seed, deterministic)
        strategies.set_precision(link.precision)
        self.tasks: dict[str, TaskType] = {
            str(member.task): tasks.create(member.task, one.dataset, member.options)
            for member, one in zip(link.members, prepared, strict=True)
        }
        with strategy.scope():
            self.network = transfer.build_network(
                link.backbone,
                {name: task.head() for name, task in self.tasks.items()},
                {str(member.task): member.crop for member in link.members},
                {
                    name: backbones.choose_statistics(link.backbone, one.dataset)
                    for name, one in zip(self.tasks, prepared, strict=True)
                },
            )
            self._rates = [
                tf.Variable(rate, trainable=False, dtype=tf.float32)
                for rate in optimizers.list_base_rates(link.schedule)
            ]
            self.trainer = Trainer(
                network=self.network,
                tasks=self.tasks,
                # A step updates the weights once for each member.
                optimizer=optimizers.create_optimizer(
                    link.schedule, link.steps * len(link.members), self._rates
                ),
                strategy=strategy,
                parts=link.parts,
            )
        self.sources = self._make_inputs(link_inputs.make_train_input)
        self._random_weights = [(v, v.numpy()) for v in self.network.variables]
        self._first_batches: list[tf.distribute.DistributedDataset] | None = None
        self._evaluators: dict[str, Evaluator] = {}

    def fits(
        self, link: Link, directories: Sequence[epath.Path], strategy: tf.distribute.Strategy
    ) -> bool:
        """Tells whether a new session for the link would be the same as this one.

        Args:
          directories: of the prepared datasets of the link's members.
        """
        return (
            _shared(link) == _shared(self.link)
            and strategy is self.strategy
            and directories == [one.directory for one in self._prepared]
        )

    def begin(self, link: Link, checkpoint: epath.Path | None) -> None:
        """Resets weights, optimizer and step to those before the first step of a link.

        Args:
          link: one that `fits`.
          checkpoint: checkpoint whose backbone weights it starts from; None for random
            weights.

        Raises:
          FoiError: the weights do not fit the backbone.
        """
        self.link = link
        strategies.make_repeatable(link.init_seed, self._deterministic)
        with self.strategy.scope():
            for variable, value in self._random_weights:
                variable.assign(value)
            rates = optimizers.list_base_rates(link.schedule)
            for variable, rate in zip(self._rates, rates, strict=True):
                variable.assign(rate)
            self.trainer.begin()
            if checkpoint is not None:
                transfer.load_backbone(self.network.backbone, checkpoint)

    def feed_from(self, done: int) -> None:
        """Gives the trainer the batches that follow the first `done` steps."""
        if done:
            self.trainer.train_dataset = self._distribute_batches(done)
            return
        if self._first_batches is None:
            self._first_batches = self._distribute_batches(0)
        self.trainer.train_dataset = self._first_batches

    def evaluate(self) -> dict[str, Evaluation]:
        """Evaluates the network with its current weights on each task; returns it by task."""
        if not self._evaluators:
            sources = self._make_inputs(link_inputs.make_evaluation_input)
            self._evaluators = {
                name: Evaluator(
                    self.network.models[name],
                    task,
                    link_inputs.distribute_evaluation_batches(source, self.link, self.strategy),
                    self.strategy,
                    ids=source.ids(),
                    label=f"{name} {'held out' if self.link.holdout else 'val'}",
                )
                for (name, task), source in zip(self.tasks.items(), sources, strict=True)
            }
        return {name: evaluator.evaluate() for name, evaluator in self._evaluators.items()}

    def _make_inputs(
        self, make: Callable[[Link, int, PreparedDataset, TaskType], pipeline.Input]
    ) -> list[pipeline.Input]:
        pairs = enumerate(zip(self._prepared, self.tasks.values(), strict=True))
        return [make(self.link, place, one, task) for place, (one, task) in pairs]

    def _distribute_batches(self, done: int) -> list[tf.distribute.DistributedDataset]:
        return [
            link_inputs.distribute_train_batches(source, self.link, self.strategy, done)
            for source in self.sources
        ]


def _shared(link: Link) -> Link:
    """Leaves out of a link what a session may change: chain, parent and learning rate."""
    schedule = dataclasses.replace(link.schedule, learning_rate=1.0)
    return dataclasses.replace(link, chain=(), parent="", schedule=schedule)
