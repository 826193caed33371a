"""A schedule as a Keras optimizer (Appendix A.1, A.2)."""

import tensorflow as tf

from foi_tf.study.config import Schedule


class LinearWarmup(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to `after`'s first value within `steps`, then follows it."""

    def __init__(self, after: tf.keras.optimizers.schedules.LearningRateSchedule, steps: int):
        super().__init__()
        self._after, self._steps = after, steps

    def __call__(self, step):
        """The rate at `step`."""
        step = tf.cast(step, tf.float32)
        rising = self._after(0) * (step + 1) / self._steps
        return tf.where(step < self._steps, rising, self._after(step))

    def get_config(self):
        """The arguments."""
        return {"after": self._after, "steps": self._steps}


class FusedSGD(tf.keras.optimizers.SGD):
    """Keras' SGD with momentum, each variable updated by one operation.

    The same numbers; Keras' own takes several passes over each variable and its slot.
    """

    def update_step(self, gradient, variable):
        """Applies momentum and the step."""
        momentum = self.momentums[self._index_dict[self._var_key(variable)]]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=momentum.handle,
            lr=tf.cast(self.learning_rate, variable.dtype),
            grad=gradient,
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


def learning_rate(
    schedule: Schedule, steps: int
) -> tf.keras.optimizers.schedules.LearningRateSchedule:
    """The rate as a function of the step, for a link of `steps`."""
    if schedule.policy == "poly":
        rate = tf.keras.optimizers.schedules.PolynomialDecay(
            schedule.learning_rate, steps, end_learning_rate=0.0, power=schedule.power
        )
    else:
        drops = [round(fraction * steps) for fraction in schedule.boundaries]
        rates = [schedule.learning_rate * schedule.decay**i for i in range(len(drops) + 1)]
        # A drop happens after the step that it names.
        drops = [drop - 1 for drop in drops]
        rate = tf.keras.optimizers.schedules.PiecewiseConstantDecay(drops, rates)
    warmup = round(schedule.warmup * steps)
    return LinearWarmup(rate, warmup) if warmup else rate


def make(schedule: Schedule, steps: int) -> tf.keras.optimizers.Optimizer:
    """The optimizer of a link of `steps`.

    Weight decay is decoupled and spares biases and batch norm.
    """
    rate = learning_rate(schedule, steps)
    decay = schedule.weight_decay or None
    if schedule.optimizer == "adam":
        optimizer = tf.keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = FusedSGD(rate, schedule.momentum, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
