"""Describes for how many steps a link is trained, and how its learning rate changes in them."""

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

STRICT = pydantic.ConfigDict(extra="forbid", strict=True)
Positive = Annotated[int, pydantic.Field(gt=0, le=10**9)]  # A mistyped number has more digits.
NonNegative = Annotated[float, pydantic.Field(ge=0)]
Fraction = Annotated[float, pydantic.Field(ge=0, le=1)]
Restarts = Annotated[int, pydantic.Field(ge=0, le=10)]


def count_steps(steps: int, passes: int) -> int:
    """Returns the steps of some passes through a schedule: each is twice as long as the last.

    Args:
      steps: steps of the first pass.
    """
    return steps * (2**passes - 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule:
    """Describes how the weights of one link are optimized.

    Attributes:
      optimizer: "sgd" (with momentum), "adam" or "lars" (with momentum).
      learning_rate: learning rate after the warm-up, from which the policy lowers it.
      steps: training steps on a whole training set.
      small_steps: training steps on a subset of it (section 5.1 lowers them).
      restarts: how often at most the training of a source model passes through the schedule
        again, each time twice as slowly, as long as that improves the metric on the validation
        images; see `chains.convergence`.
      target_restarts: the same of targets on a whole training set; None for as many as
        `restarts`. Targets on a subset do not restart.
      least_gain: share of the metric that counts as such an improvement.
      batch_size: images in a step, over all replicas.
      policy: "step" multiplies the learning rate by `decay` at each of the fractions
        `boundaries` of the steps; "poly" multiplies it by (1 - step / steps) ** `power` (A.2);
        "cosine" by (1 + cos(pi * step / steps)) / 2 (SimCLR).
      boundaries: fractions of the steps at which "step" lowers the learning rate.
      decay: factor of "step" at each boundary.
      power: exponent of "poly".
      warmup: fraction of the steps in which the learning rate rises linearly from zero.
      momentum: momentum of "sgd" and "lars".
      weight_decay: decoupled weight decay of convolution and dense kernels. Each step
        subtracts weight_decay * learning_rate * w. To match a recipe that adds L2 to the
        gradient under momentum m, use its coefficient times 1 / (1 - m). "lars" adds it to
        the gradient, as LARS is defined.
    """

    __pydantic_config__ = STRICT
    optimizer: Literal["sgd", "adam", "lars"]
    learning_rate: Annotated[float, pydantic.Field(gt=0)]
    steps: Positive
    small_steps: Positive
    batch_size: Positive
    policy: Literal["step", "poly", "cosine"] = "step"
    boundaries: tuple[Fraction, ...] = (0.6, 0.85)
    decay: Fraction = 0.1  # A.2.
    power: NonNegative = 0.9  # A.2.
    warmup: Fraction = 0.0
    momentum: Fraction = 0.9
    weight_decay: NonNegative = 0.0
    restarts: Restarts = 0
    target_restarts: Restarts | None = None
    least_gain: NonNegative = 0.02  # Ours, as the noise of a run of segmentation.

    def of_source(self) -> "Schedule":
        """Returns the schedule of a source model or a pre-training."""
        return self._restart(self.restarts)

    def of_target(self, images: Iterable[int | None]) -> "Schedule":
        """Returns the schedule of a target.

        Args:
          images: as `steps_on` takes them.
        """
        if any(limit is not None for limit in images):
            return self._restart(0)
        return self._restart(
            self.restarts if self.target_restarts is None else self.target_restarts
        )

    def is_same_for_both(self) -> bool:
        """Tells whether a source model on all images of a task is trained as its target is."""
        return self.of_source() == self.of_target((None,))

    def _restart(self, times: int) -> "Schedule":
        least_gain = self.least_gain if times else Schedule.least_gain
        return dataclasses.replace(
            self, restarts=times, target_restarts=None, least_gain=least_gain
        )

    def steps_on(self, images: Iterable[int | None]) -> int:
        """Returns the number of training steps of a link, before it restarts.

        Args:
          images: how many training images the link may use of each task that it trains on;
            None for all of them.
        """
        return self.steps if all(limit is None for limit in images) else self.small_steps

    def most_steps_on(self, images: Iterable[int | None]) -> int:
        """Returns the number of training steps of a link that takes all restarts."""
        return count_steps(self.steps_on(images), 1 + self.restarts)
