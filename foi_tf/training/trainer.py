"""The one training loop, on Orbit, for every link: one task or several, any strategy."""

import functools
from collections.abc import Mapping

import orbit
import tensorflow as tf

from foi_tf.models.transfer import Network
from foi_tf.tasks.base import TaskType


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
    ):
        """Made within the strategy's scope.

        `train_dataset` is to be set before the first step: a list of (distributed) batches
        of each of the tasks, in their order.
        """
        # A list, since a mapping of iterators does not survive tf.function in TF 2.15.
        super().__init__([])
        self.global_step = orbit.utils.create_global_step()
        self.optimizer = optimizer
        # Slots must stand before the first step, which may see one head only.
        optimizer.build(network.trainable_variables)
        self._network, self._tasks, self._strategy = network, tasks, strategy
        # One that is made while a step is traced would have it traced once more.
        self._means = {
            f"{name}/{term}": tf.keras.metrics.Mean(f"{name}/{term}")
            for name, task in tasks.items()
            for term in task.terms
        }

    def begin(self) -> None:
        """Sets the step, the optimizer's state and the mean losses as before the first step."""
        self.global_step.assign(0)
        slots = self.optimizer.variables
        for variable in slots() if callable(slots) else slots:  # LARS has a method.
            variable.assign(tf.zeros_like(variable))
        for mean in self._means.values():
            mean.reset_state()

    def create_train_loop_fn(self):
        """Many steps on the device. Orbit's own is AutoGraph's, which traces each step twice."""

        @tf.function(autograph=False)
        def loop(iterators, num_steps):
            def body(step):
                with tf.name_scope(""):
                    self.train_step(iterators)
                return [step + 1]

            tf.while_loop(lambda step: step < num_steps, body, [tf.zeros_like(num_steps)])

        return loop

    # Keras code holds nothing for AutoGraph to convert, and walking it takes a minute.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, iterators: list) -> None:
        """One batch of each task."""
        for name, iterator in zip(self._tasks, iterators, strict=True):
            self._strategy.run(functools.partial(self.replica_step, name), (next(iterator),))
        self.global_step.assign_add(1)

    @tf.autograph.experimental.do_not_convert
    def replica_step(self, name: str, batch: Mapping) -> dict[str, tf.Tensor]:
        """One update from one replica's batch of the task `name`; returns its loss terms."""
        model = self._network.models[name]
        with tf.GradientTape() as tape:
            outputs = model(batch["image"], training=True)
            terms = self._tasks[name].loss(outputs, batch["targets"])
            # Gradients are summed over replicas, so the mean is taken here, once.
            loss = tf.add_n(list(terms.values())) / self._strategy.num_replicas_in_sync
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for term, value in terms.items():
            self._means[f"{name}/{term}"].update_state(value)
        return terms

    def train_loop_end(self) -> dict[str, float]:
        """Mean loss terms since the last call, and the learning rate."""
        output = {name: float(mean.result()) for name, mean in self._means.items()}
        for mean in self._means.values():
            mean.reset_state()
        return output | {"learning_rate": float(self.optimizer.learning_rate.numpy())}
