"""Makes the losses of micro-batches add up to the loss of the whole batch.

A loss term is a mean over the valid elements of a batch, see `base.compute_mean_shares`. The part
of a batch divides by the number in the whole batch, which `count_valid` finds beforehand.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator

import tensorflow as tf


@dataclasses.dataclass
class _Whole:
    """Describes the batch of all replicas that the part at hand belongs to.

    Attributes:
      parts: how many parts of equal size each replica has.
      counts: what `count_valid` returned; None while it counts, and for losses without counts.
    """

    parts: int
    counts: tf.Tensor | None = None


# Replicas are traced in threads of their own, each of which has its own value.
_whole: contextvars.ContextVar[_Whole | None] = contextvars.ContextVar("whole", default=None)


def count_valid(compute_loss: Callable[[], object]) -> tf.Tensor | None:
    """Returns the numbers of valid elements by which a loss divides, over all replicas.

    Args:
      compute_loss: computes the loss terms of the whole batch. The numbers follow from the
        targets alone, so that outputs may be any tensors of the right shape.

    Returns:
      float32 [terms]; None if the loss has elements that are always valid.
    """
    found = _Whole(1)
    token = _whole.set(found)
    try:
        compute_loss()
    finally:
        _whole.reset(token)
    return found.counts


@contextlib.contextmanager
def one_part(parts: int, counts: tf.Tensor | None) -> Iterator[None]:
    """Has losses within the block be those of one of `parts` parts of a batch.

    Args:
      counts: what `count_valid` returned for the batch.
    """
    token = _whole.set(_Whole(parts, counts))
    try:
        yield
    finally:
        _whole.reset(token)


def number_of_parts() -> int:
    """Returns the parts of each replica's batch: 1 outside of `one_part`."""
    whole = _whole.get()
    return whole.parts if whole else 1


def find_counts(count: Callable[[], tf.Tensor]) -> tf.Tensor:
    """Returns the numbers of the whole batch within `one_part`, and else those of `count`."""
    whole = _whole.get()
    if whole is None:
        return count()
    if whole.counts is None:
        whole.counts = count()
    return whole.counts
