"""Trains every link by one loop on Orbit: one task or several, with any strategy."""

import contextlib
import functools
import itertools
from collections.abc import Iterator, Mapping

import orbit
import orbit.controller
import tensorflow as tf
from absl import logging

from foi_tf.models import rematerialization
from foi_tf.models.transfer import Network
from foi_tf.tasks import micro_batches
from foi_tf.tasks.base import TaskType


class NotFiniteLossError(Exception):
    """Tells that the loss is not finite any more.

    Attributes:
      step: the first step with such a loss.
    """

    def __init__(self, step: int):
        super().__init__(f"the loss is not finite at step {step}")
        self.step = step


class Trainer(orbit.StandardTrainer):
    """Trains a backbone and its heads.

    A step takes a batch of each task in turn and updates the weights after each (section
    5.1: interleaving at the level of batches). The loop over steps runs on the device.
    """

    def __init__(
        self,
        *,
        network: Network,
        tasks: Mapping[str, TaskType],
        optimizer: tf.keras.optimizers.Optimizer,
        strategy: tf.distribute.Strategy,
        parts: int = 1,
        rematerialize: bool = False,
    ):
        """Creates the optimizer's slots; call it within the strategy's scope.

        Set `train_dataset` before the first step: a list with the (distributed) batches of
        each task, in the order of `tasks`.

        Args:
          parts: micro-batches of equal size into which each replica's batch is split. They go
            through the network one after another, and an update takes the sum of their gradients.
            It is that of the whole batch, but for batch norm, which sees one micro-batch at a
            time. Batch norm's moving averages move as far in a step as without parts.
          rematerialize: whether the backward pass computes most maps again; see
            `models.rematerialization`.
        """
        # A list, since a mapping of iterators does not survive tf.function in TF 2.15.
        super().__init__([])
        self.global_step = orbit.utils.create_global_step()
        self.optimizer = optimizer
        # The slots must exist before the first step, which may see one head only.
        optimizer.build(network.trainable_variables)
        self._scales_losses = isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer)
        self._network, self._tasks, self._strategy = network, tasks, strategy
        self._parts = parts
        self._forward = {
            name: rematerialization.rematerialize(model)
            if rematerialize
            else functools.partial(model, training=True)
            for name, model in network.models.items()
        }
        self._gradients: dict = {}
        if parts > 1:
            self._gradients = _create_accumulators(network)
            _slow_down_averages(network, parts)
        # A metric that is created while a step is traced would have it traced once more.
        self._means = {
            f"{name}/{term}": tf.keras.metrics.Mean(f"{name}/{term}")
            for name, task in tasks.items()
            for term in task.terms
        }
        # Counts replicas' losses that are finite: on the device, as the check costs nothing there.
        self._finite, self._first = tf.keras.metrics.Sum("finite_losses"), 0
        self._traced: list[tf.Graph] = []
        self._draws = False

    def begin(self) -> None:
        """Resets the step, the optimizer's state and the mean losses."""
        self.global_step.assign(0)
        slots = self.optimizer.variables
        for variable in slots() if callable(slots) else slots:  # LARS has a method.
            variable.assign(tf.zeros_like(variable))
        if self._scales_losses:  # Its factor is no variable of the optimizer.
            self.optimizer._loss_scale.current_loss_scale.assign(self.optimizer.initial_scale)
            self.optimizer.dynamic_counter.assign(0)
        for metric in (*self._means.values(), self._finite):
            metric.reset_state()
        for one in self._gradients.values():
            one.assign(tf.zeros_like(one))

    def create_train_loop_fn(self):
        """Returns a function that runs many steps on the device.

        Orbit's own loop is converted by AutoGraph, which traces each step twice.
        """

        @tf.function(autograph=False)
        def loop(iterators, num_steps):
            step = functools.partial(self.train_step, iterators)
            tf.while_loop(lambda done: done < num_steps, step, [tf.zeros_like(num_steps)])
            self._traced.append(tf.compat.v1.get_default_graph())

        return loop

    def draws_numbers(self) -> bool:
        """Tells whether a traced step draws random numbers by a state of its own, as dropout."""
        while self._traced:  # Each is looked at once, since that takes a moment.
            self._draws |= _draws_numbers(self._traced.pop())
        return self._draws

    # Keras code holds nothing for AutoGraph to convert, and walking it takes a minute.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, iterators: list, done: tf.Tensor | int = 0) -> list[tf.Tensor | int]:
        """Takes a batch of each task in turn; returns [done + 1], as the loop's body."""
        with tf.name_scope(""):
            for name, iterator in zip(self._tasks, iterators, strict=True):
                if self._parts > 1:
                    self._update_by_parts(name, next(iterator))
                    continue
                self._strategy.run(functools.partial(self.replica_step, name), (next(iterator),))
            self.global_step.assign_add(1)
        return [done + 1]

    def _update_by_parts(self, name: str, batch) -> None:
        """Updates the weights as `replica_step`, with one micro-batch on each replica at a time."""

        def run(step, *args):
            return self._strategy.run(functools.partial(step, name), args)

        counts = run(self._count_valid, batch)

        def accumulate(part):
            run(self._accumulate, batch, counts, part)
            return [part + 1]

        tf.while_loop(lambda part: part < self._parts, accumulate, [0], parallel_iterations=1)
        run(self._apply_accumulated)

    @tf.autograph.experimental.do_not_convert
    def replica_step(self, name: str, batch: Mapping) -> dict[str, tf.Tensor]:
        """Updates the weights from a replica's batch of the task `name`.

        Returns the loss terms: this replica's shares of the means over all replicas.
        """
        terms, variables, gradients = self._differentiate(name, batch)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return terms

    def _differentiate(
        self, name: str, batch: Mapping
    ) -> tuple[dict[str, tf.Tensor], list[tf.Variable], list[tf.Tensor]]:
        """Returns loss terms, and the variables of the task's model with their gradients."""
        model = self._network.models[name]
        with tf.GradientTape() as tape:
            outputs = self._forward[name](batch["image"])
            terms = self._tasks[name].loss(outputs, batch["targets"])
            # Not divided by the replicas: terms are shares, and gradients are summed over replicas.
            loss = tf.add_n(list(terms.values()))
            scaled = self.optimizer.get_scaled_loss(loss) if self._scales_losses else loss
        variables = model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        if self._scales_losses:
            gradients = self.optimizer.get_unscaled_gradients(gradients)
        self._finite.update_state(tf.cast(tf.math.is_finite(loss), tf.float32))
        for term, value in terms.items():
            # The metric divides by the number of updates, too, but shares add up to the mean.
            share = value * (self._strategy.num_replicas_in_sync * self._parts)
            self._means[f"{name}/{term}"].update_state(share)
        return terms, variables, gradients

    @tf.autograph.experimental.do_not_convert
    def _count_valid(self, name: str, batch: Mapping) -> tf.Tensor:
        """Returns the numbers by which the loss of the whole batch divides; none for some tasks."""
        model, pixels = self._network.models[name], batch["image"]
        specs = tf.nest.flatten(model.output)
        if all(None not in spec.shape[1:] for spec in specs):
            zeros = [tf.zeros((pixels.shape[0], *spec.shape[1:]), spec.dtype) for spec in specs]
            outputs = tf.nest.pack_sequence_as(model.output, zeros)
        else:
            # Nothing of it is computed, since the numbers follow from the targets.
            outputs = model(pixels, training=False)
        counts = micro_batches.count_valid(
            lambda: self._tasks[name].loss(outputs, batch["targets"])
        )
        return tf.zeros([0]) if counts is None else counts

    @tf.autograph.experimental.do_not_convert
    def _accumulate(self, name: str, batch: Mapping, counts: tf.Tensor, part: tf.Tensor) -> None:
        """Adds up the gradients of one micro-batch of a replica's batch."""

        def take_part(rows):
            return tf.reshape(rows, [self._parts, -1, *rows.shape[1:]])[part]

        rows = {name: batch[name] for name in ("image", "targets")}
        with micro_batches.one_part(self._parts, counts):
            _, variables, gradients = self._differentiate(
                name, tf.nest.map_structure(take_part, rows)
            )
        for variable, gradient in zip(variables, gradients, strict=True):
            self._gradients[variable.ref()].assign_add(gradient)

    @tf.autograph.experimental.do_not_convert
    def _apply_accumulated(self, name: str) -> None:
        """Updates the weights by the sum of the micro-batches' gradients, and resets it."""
        variables = self._network.models[name].trainable_variables
        sums = [self._gradients[variable.ref()] for variable in variables]
        gradients = [tf.convert_to_tensor(one) for one in sums]
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for one in sums:
            one.assign(tf.zeros_like(one))

    def train_loop_begin(self) -> None:
        """Notes the step that the loop starts at."""
        self._first = int(self.global_step.numpy())

    def train_loop_end(self) -> dict[str, float]:
        """Returns the mean loss terms since the last call, and the learning rate.

        Raises:
          NotFiniteLossError: a loss was not finite.
        """
        steps = int(self.global_step.numpy()) - self._first
        # Losses of a step.
        updates = len(self._tasks) * self._strategy.num_replicas_in_sync * self._parts
        finite = int(self._finite.result())
        self._finite.reset_state()
        if finite < steps * updates:
            raise NotFiniteLossError(self._first + finite // updates + 1)
        output = {name: float(mean.result()) for name, mean in self._means.items()}
        for mean in self._means.values():
            mean.reset_state()
        return output | {"learning_rate": float(self.optimizer.learning_rate.numpy())}


def _draws_numbers(graph: tf.Graph) -> bool:
    """Tells whether a graph or a function in it has a stateful operation that draws numbers."""
    definition = graph.as_graph_def()
    nodes = (one.node_def for one in definition.library.function)
    # Such operations have two seeds; stateless ones take theirs as an input.
    return any("seed2" in node.attr for node in itertools.chain(definition.node, *nodes))


def _slow_down_averages(network: Network, parts: int) -> None:
    """Has `parts` updates move batch norm's moving averages as far as one did."""
    norms = {
        id(layer): layer
        for model in network.models.values()
        for layer in model.submodules
        if isinstance(layer, tf.keras.layers.BatchNormalization)
    }
    for layer in norms.values():
        layer.momentum **= 1 / parts


def _create_accumulators(network: Network) -> dict:
    """Creates a sum of gradients for each trained variable, by its reference."""
    return {
        variable.ref(): tf.Variable(
            tf.zeros_like(variable),
            trainable=False,
            # Each replica adds up its own; the optimizer sums over replicas.
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.SUM,
        )
        for variable in network.trainable_variables
    }


@contextlib.contextmanager
def silence_orbit() -> Iterator[None]:
    """Has Orbit's controllers report to absl's log alone within the block.

    Orbit also prints each report on stdout, which is for machine-readable output, and it has no
    setting for that. Other code's `print` stays as it is.
    """
    before = orbit.controller._log
    orbit.controller._log = logging.info
    try:
        yield
    finally:
        orbit.controller._log = before
