"""Makes a Keras optimizer of a schedule (Appendix A.1, A.2)."""

from collections.abc import Sequence

import tensorflow as tf
from official.modeling.optimization import lars

from foi_tf.errors import FoiError
from foi_tf.study.schedules import Schedule, count_steps

_NOT_DECAYED = ["bias", "gamma", "beta"]


class LinearWarmup(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Raises the rate linearly to `after`'s first value within `steps`, then follows `after`."""

    def __init__(self, after: tf.keras.optimizers.schedules.LearningRateSchedule, steps: int):
        super().__init__()
        self._after, self._steps = after, steps

    def __call__(self, step):
        """Returns the learning rate at `step`."""
        step = tf.cast(step, tf.float32)
        rising = self._after(0) * (step + 1) / self._steps
        return tf.where(step < self._steps, rising, self._after(step))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {"after": self._after, "steps": self._steps}


class Restarting(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Repeats the rates of the first `steps` steps of `once`, each time twice as slowly."""

    def __init__(
        self, once: tf.keras.optimizers.schedules.LearningRateSchedule, steps: int, restarts: int
    ):
        super().__init__()
        self._once, self._steps, self._restarts = once, steps, restarts

    def __call__(self, step):
        """Returns the learning rate at `step`."""
        step = tf.cast(step, tf.float32)
        starts = [count_steps(self._steps, passes) for passes in range(1, self._restarts + 1)]
        slower = 2.0 ** tf.reduce_sum(tf.cast(step >= tf.constant(starts, tf.float32), tf.float32))
        return self._once((step - self._steps * (slower - 1)) / slower)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {"once": self._once, "steps": self._steps, "restarts": self._restarts}


class FusedSGD(tf.keras.optimizers.SGD):
    """Runs Keras' SGD with momentum, but updates each variable by one operation.

    The numbers are the same; Keras' own SGD takes several passes over each variable and its slot.
    """

    def update_step(self, gradient, variable):
        """Updates the momentum and the variable."""
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
    """Adds to the Model Garden's LARS what the training loop needs of an optimizer."""

    def build(self, variables: list[tf.Variable]) -> None:
        """Creates the slots."""
        self._create_all_weights(variables)

    @property
    def learning_rate(self) -> tf.Tensor:
        """Returns the learning rate of the next step."""
        return self._decayed_lr(tf.float32)


def list_base_rates(schedule: Schedule) -> list[float]:
    """Lists a schedule's rates: one for each stretch between drops, or the highest one."""
    if schedule.policy != "step":
        return [schedule.learning_rate]
    return [schedule.learning_rate * schedule.decay**i for i in range(len(schedule.boundaries) + 1)]


def create_learning_rate(
    schedule: Schedule, steps: int, rates: Sequence[tf.Variable] | None = None
) -> tf.keras.optimizers.schedules.LearningRateSchedule:
    """Returns the learning rate as a function of the step, for a link of `steps` steps.

    If the schedule restarts, these repeat, each time twice as slowly.

    Args:
      rates: variables with the values of `list_base_rates`, which may change between links.
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
    once = LinearWarmup(rate, warmup) if warmup else rate
    return Restarting(once, steps, schedule.restarts) if schedule.restarts else once


def create_optimizer(
    schedule: Schedule, steps: int, rates: Sequence[tf.Variable] | None = None
) -> tf.keras.optimizers.Optimizer:
    """Creates the optimizer of a link of `steps` steps.

    Biases and batch norm get no weight decay, and no layer-wise rates of LARS. If layers compute
    in float16, losses are scaled, so that small gradients do not become zero.

    Args:
      rates: see `create_learning_rate`.

    Raises:
      FoiError: LARS is to be used in float16.
    """
    rate = create_learning_rate(schedule, steps, rates)
    decay = schedule.weight_decay or None
    in_float16 = tf.keras.mixed_precision.global_policy().compute_dtype == "float16"
    if schedule.optimizer == "lars" and in_float16:
        raise FoiError("--precision=float16 goes with sgd and adam; take bfloat16 with lars")
    if schedule.optimizer == "lars":
        not_decayed = [rf"{name}(:\d+)?$" for name in _NOT_DECAYED]
        return LARS(
            rate,
            schedule.momentum,
            weight_decay_rate=schedule.weight_decay,
            exclude_from_weight_decay=not_decayed,
        )
    if schedule.optimizer == "adam":
        optimizer = tf.keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = FusedSGD(rate, schedule.momentum, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return tf.keras.mixed_precision.LossScaleOptimizer(optimizer) if in_float16 else optimizer
