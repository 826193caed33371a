"""Describes the size of a network, from which memory is estimated."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class NetworkSize:
    """Holds the size of a backbone; see `models.operations.count_kept`.

    Attributes:
      weights: number of trained weights.
      kept: elements for each pixel of the input that the backward pass needs: outputs of
        convolutions, which batch norm needs; of activations, which convolutions need; and the
        features.
      features: channels of the features at stride 4.
      rematerialized: what takes the place of `kept` with --rematerialize: maps that cross the cuts
        of `models.rematerialization`, what one segment needs, and the features. None if it is not
        known.
    """

    weights: int
    kept: float
    features: int
    rematerialized: float | None = None
