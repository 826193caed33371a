"""Everything needed to train a link: network, optimizer, traced step and input.

Tracing a step takes as long as some hundred steps of a small network. Links that differ only in
their initial weights, learning rate, seed and images, as the chains of a study that end in one
target do, share one session. Each of them ends as it would in a process of its own, bit for bit.
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
        if self.newest is None or not self.newest.fits(link, directories, strategy, deterministic):
            self.newest = None  # Frees its memory before the next one is built.
            tf.keras.backend.clear_session()  # Frees the networks of earlier links.
            strategies.check_precision(link.precision, strategy)
            self.newest = TrainSession(link, prepared, strategy, deterministic)
        self.newest.begin(link, checkpoint)
        return self.newest


class TrainSession:
    """Trains links that differ only in weights, learning rate, seed and images, one by one.

    Attributes:
      link: the link that is trained now.
      strategy: the distribution strategy that it is trained with.
      tasks: task type by name of the task, in the order of the link's members.
      network: the backbone and its heads.
      trainer: takes the training steps.
      sources: training images of each member.
      deterministic: see `study.choices.Pace`.
    """

    def __init__(
        self,
        link: Link,
        prepared: Sequence[PreparedDataset],
        strategy: tf.distribute.Strategy,
        deterministic: bool = True,
    ):
        self.link, self.strategy, self._prepared = link, strategy, prepared
        self.deterministic = deterministic
        strategies.make_repeatable(link.init_seed, deterministic)
        strategies.set_precision(link.precision)
        self.tasks: dict[str, TaskType] = {
            str(member.task): tasks.create(member.task, one.dataset, member.options)
            for member, one in zip(link.members, prepared, strict=True)
        }
        with strategy.scope():
            self.network = self._build_network()
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
                rematerialize=link.rematerialize,
            )
        self._random_weights = [v.numpy() for v in self.network.variables]
        # Building moved the generators on; each link begins with them as they were.
        strategies.make_repeatable(link.init_seed, deterministic)
        self._evaluators: dict[str, Evaluator] = {}
        # Both read the link's images, and are made when they are first needed.
        self._first_batches: list[link_inputs.Batches] | None = None
        self._evaluation_batches: list[link_inputs.Batches] | None = None
        self._open_inputs()

    def fits(
        self,
        link: Link,
        directories: Sequence[epath.Path],
        strategy: tf.distribute.Strategy,
        deterministic: bool,
    ) -> bool:
        """Tells whether a new session for the link would be the same as this one.

        Args:
          directories: of the prepared datasets of the link's members.
        """
        return (
            _shared(link) == _shared(self.link)
            and strategy is self.strategy
            and deterministic == self.deterministic
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
        before, self.link = self.link, link
        if link.init_seed != before.init_seed:
            self._draw_random_weights()
        elif self.trainer.draws_numbers():
            # It makes TensorFlow optimize the traced step again, so it is done only where needed.
            strategies.make_repeatable(link.init_seed, self.deterministic)
        if _describe_images(link) != _describe_images(before):
            self._open_inputs()
            # Otherwise both see the validation images; but pairs of views depend on the seed.
            pairs = any(task.views == 2 for task in self.tasks.values())
            if link.holdout or before.holdout or pairs:
                self._evaluation_batches = None
        with self.strategy.scope():
            for variable, value in zip(self.network.variables, self._random_weights, strict=True):
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
            self._evaluators = {
                name: Evaluator(self.network.models[name], task, self.strategy)
                for name, task in self.tasks.items()
            }
        sources = self._make_inputs(link_inputs.make_evaluation_input)
        if self._evaluation_batches is None:
            self._evaluation_batches = [
                link_inputs.distribute_evaluation_batches(source, self.link, self.strategy)
                for source in sources
            ]
        kind = "held out" if self.link.holdout else "val"
        return {
            name: evaluator.evaluate(batches, ids=source.ids(), label=f"{name} {kind}")
            for (name, evaluator), batches, source in zip(
                self._evaluators.items(), self._evaluation_batches, sources, strict=True
            )
        }

    def _build_network(self) -> transfer.Network:
        """Builds a network whose random weights follow from the global seed."""
        link = self.link
        return transfer.build_network(
            link.backbone,
            {name: task.head() for name, task in self.tasks.items()},
            {str(member.task): member.crop for member in link.members},
            {
                name: backbones.choose_statistics(link.backbone, one.dataset)
                for name, one in zip(self.tasks, self._prepared, strict=True)
            },
        )

    def _draw_random_weights(self) -> None:
        """Draws the random weights of the link's seed, as a new network has them."""
        strategies.make_repeatable(self.link.init_seed, self.deterministic)
        with self.strategy.scope():
            self._random_weights = [v.numpy() for v in self._build_network().variables]
        # Drawing moved the generators on, as building did.
        strategies.make_repeatable(self.link.init_seed, self.deterministic)

    def _open_inputs(self) -> None:
        """Opens the images that the link is trained on; those of its evaluation open later."""
        self.sources = self._make_inputs(link_inputs.make_train_input)
        self._first_batches = None

    def _make_inputs(
        self, make: Callable[[Link, int, PreparedDataset, TaskType], pipeline.Input]
    ) -> list[pipeline.Input]:
        pairs = enumerate(zip(self._prepared, self.tasks.values(), strict=True))
        return [make(self.link, place, one, task) for place, (one, task) in pairs]

    def _distribute_batches(self, done: int) -> list[link_inputs.Batches]:
        return [
            link_inputs.distribute_train_batches(source, self.link, self.strategy, done)
            for source in self.sources
        ]


def _shared(link: Link) -> Link:
    """Leaves out of a link what a session may change: weights, learning rate, seed and images."""
    return dataclasses.replace(
        link,
        chain=(),
        parent="",
        schedule=dataclasses.replace(link.schedule, learning_rate=1.0),
        members=tuple(dataclasses.replace(member, images=None) for member in link.members),
        seed=0,
        varied=(),
        holdout=0.0,
    )


def _describe_images(link: Link) -> tuple:
    """Returns what decides which images a link reads, and in which order."""
    return link.images, link.seed, link.varied, link.holdout
