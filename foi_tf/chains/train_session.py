"""What a link is trained with: its network, its steps and its input, traced once.

Tracing takes as long as some hundred steps of a small network. Of links that differ only in
the weights that they start from and in their learning rate, as the chains of a study that end in
one target, a process makes all of it once; each link ends as it would in a process of its own,
bit for bit.
"""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf
from etils import epath

from foi_tf import tasks
from foi_tf.chains import link_inputs
from foi_tf.chains.links import Link
from foi_tf.data.input import pipeline
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.models import transfer
from foi_tf.tasks.base import TaskType
from foi_tf.training import optimizers, strategies
from foi_tf.training.evaluator import Evaluation, Evaluator
from foi_tf.training.trainer import Trainer

_made: list["TrainSession"] = []  # The newest one, which alone is kept.


def get(
    link: Link,
    prepared: Sequence[PreparedDataset],
    init: epath.Path | None,
    strategy: tf.distribute.Strategy,
) -> "TrainSession":
    """The newest rig, if that serves the link, or a new one; with the link's first weights.

    Args:
      prepared: the datasets of the link's members.
      init: checkpoint whose backbone weights it starts from; None for random weights.

    Raises:
      FoiError: the weights do not fit.
    """
    directories = [one.directory for one in prepared]
    if not (_made and _made[0].serves(link, directories, strategy)):
        forget()
        tf.keras.backend.clear_session()  # Of the networks of earlier links.
        _made.append(TrainSession(link, prepared, strategy))
    _made[0].begin(link, init)
    return _made[0]


def forget() -> None:
    """Frees the newest rig; the next link gets a new one."""
    _made.clear()


class TrainSession:
    """Made for a link, and for those that differ in chain, parent and learning rate alone.

    Attributes:
      tasks: by name, in the order of the link's members.
      network, trainer: with the first weights after `begin`.
      sources: the training images of each member.
    """

    def __init__(
        self, link: Link, prepared: Sequence[PreparedDataset], strategy: tf.distribute.Strategy
    ):
        self._link, self._prepared, self._strategy = link, prepared, strategy
        strategies.make_repeatable(link.seed)
        strategies.set_precision(link.precision)
        self.tasks: dict[str, TaskType] = {
            str(member.task): tasks.create(member.task, one.dataset)
            for member, one in zip(link.members, prepared, strict=True)
        }
        with strategy.scope():
            self.network = transfer.build_network(
                link.backbone,
                {name: task.head() for name, task in self.tasks.items()},
                {str(member.task): member.crop for member in link.members},
                {
                    name: (one.dataset.mean, one.dataset.std)
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
            )
        self.sources = self._inputs(link_inputs.make_train_input)
        self._first = [(v, v.numpy()) for v in self.network.variables]
        self._batches: list[tf.distribute.DistributedDataset] | None = None
        self._evaluators: dict[str, Evaluator] = {}

    def serves(
        self, link: Link, directories: Sequence[epath.Path], strategy: tf.distribute.Strategy
    ) -> bool:
        """Whether it is what the link would be trained with."""
        return (
            _shared(link) == _shared(self._link)
            and strategy is self._strategy
            and directories == [one.directory for one in self._prepared]
        )

    def begin(self, link: Link, init: epath.Path | None) -> None:
        """Sets everything as before the first step of a link that it serves."""
        self._link = link
        strategies.make_repeatable(self._link.seed)
        with self._strategy.scope():
            for variable, value in self._first:
                variable.assign(value)
            for variable, rate in zip(
                self._rates, optimizers.list_base_rates(link.schedule), strict=True
            ):
                variable.assign(rate)
            self.trainer.begin()
            if init is not None:
                transfer.load_backbone(self.network.backbone, init)

    def feed(self, done: int) -> None:
        """Lets the trainer read its batches from step `done` on."""
        if done:
            self.trainer.train_dataset = self._batches_from(done)
            return
        if self._batches is None:
            self._batches = self._batches_from(0)
        self.trainer.train_dataset = self._batches

    def evaluate(self) -> dict[str, Evaluation]:
        """By member, what was found."""
        if not self._evaluators:
            self._evaluators = {
                name: Evaluator(
                    self.network.models[name],
                    task,
                    link_inputs.distribute_evaluation_batches(source, self._link, self._strategy),
                    self._strategy,
                    ids=source.ids(),
                    label=f"{name} {'held out' if self._link.holdout else 'val'}",
                )
                for (name, task), source in zip(
                    self.tasks.items(), self._inputs(link_inputs.make_evaluation_input), strict=True
                )
            }
        return {name: evaluator.evaluate() for name, evaluator in self._evaluators.items()}

    def _inputs(self, make) -> list[pipeline.Input]:
        pairs = enumerate(zip(self._prepared, self.tasks.values(), strict=True))
        return [make(self._link, place, one, task) for place, (one, task) in pairs]

    def _batches_from(self, done: int) -> list[tf.distribute.DistributedDataset]:
        return [
            link_inputs.distribute_train_batches(source, self._link, self._strategy, done)
            for source in self.sources
        ]


def _shared(link: Link) -> Link:
    """What links have to agree in to be trained with the same rig."""
    schedule = dataclasses.replace(link.schedule, learning_rate=1.0)
    return dataclasses.replace(link, chain=(), parent="", schedule=schedule)
