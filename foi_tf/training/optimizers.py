"""A schedule as a Keras optimizer (Appendix A.1, A.2)."""

from collections.abc import Sequence

import tensorflow as tf
from official.modeling.optimization import lars

from foi_tf.study.configuration import Schedule

_SPARED = ["bias", "gamma", "beta"]


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


class LARS(lars.LARS):
    """The Model Garden's LARS, with what the training loop asks of optimizers of today's Keras."""

    def build(self, variables: list[tf.Variable]) -> None:
        """Makes the slots."""
        self._create_all_weights(variables)

    @property
    def learning_rate(self) -> tf.Tensor:
        """That of the next step."""
        return self._decayed_lr(tf.float32)


def list_base_rates(schedule: Schedule) -> list[float]:
    """The rates that a schedule is made of: those between its drops, or the one it falls from."""
    if schedule.policy != "step":
        return [schedule.learning_rate]
    return [schedule.learning_rate * schedule.decay**i for i in range(len(schedule.boundaries) + 1)]


def create_learning_rate(
    schedule: Schedule, steps: int, rates: Sequence[tf.Variable] | None = None
) -> tf.keras.optimizers.schedules.LearningRateSchedule:
    """The rate as a function of the step, for a link of `steps`.

    Args:
      rates: variables that hold the schedule's `list_base_rates`, to be changed between links.
    """
    rates = list_base_rates(schedule) if rates is None else rates
    if schedule.policy == "poly":
        rate = tf.keras.optimizers.schedules.PolynomialDecay(
            rates[0], steps, end_learning_rate=0.0, power=schedule.power
        )
    elif schedule.policy == "cosine":
        rate = tf.keras.optimizers.schedules.CosineDecay(rates[0], steps)
    else:
        # A drop happens after the step that it names.
        drops = [round(fraction * steps) - 1 for fraction in schedule.boundaries]
        rate = tf.keras.optimizers.schedules.PiecewiseConstantDecay(drops, list(rates))
    warmup = round(schedule.warmup * steps)
    return LinearWarmup(rate, warmup) if warmup else rate


def create_optimizer(
    schedule: Schedule, steps: int, rates: Sequence[tf.Variable] | None = None
) -> tf.keras.optimizers.Optimizer:
    """The optimizer of a link of `steps`.

    Weight decay spares biases and batch norm, and so do the layer-wise rates of LARS.

    Args:
      rates: see `create_learning_rate`.
    """
    rate = create_learning_rate(schedule, steps, rates)
    decay = schedule.weight_decay or None
    if schedule.optimizer == "lars":
        spared = [rf"{name}(:\d+)?$" for name in _SPARED]
        return LARS(
            rate,
            schedule.momentum,
            weight_decay_rate=schedule.weight_decay,
            exclude_from_weight_decay=spared,
        )
    if schedule.optimizer == "adam":
        optimizer = tf.keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = FusedSGD(rate, schedule.momentum, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=_SPARED)
    return optimizer
