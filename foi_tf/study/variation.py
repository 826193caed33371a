"""Names what the seeds of a study vary; everything else is the same for all seeds (ours)."""

import types
from collections.abc import Collection, Iterable

from foi_tf.errors import FoiError, unknown_name_error

INIT, ORDER, SUBSET, SOURCE = "init", "order", "subset", "source"
KINDS = types.MappingProxyType(
    {
        INIT: "random weights of the head (of the whole network in chains from scratch)",
        ORDER: "order of the training images, and their augmentation",
        SUBSET: "which images a limited training set has",
        SOURCE: "the source model, trained with the same seed",
    }
)
DEFAULT = (INIT, ORDER)


def parse_variation(names: str | Iterable[str]) -> tuple[str, ...]:
    """Reads what seeds vary, such as "init,order,subset".

    Returns:
      Some of `KINDS`, in their order.

    Raises:
      FoiError: a name is unknown, or there is none.
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    for name in given:
        if name not in KINDS:
            raise unknown_name_error("part that seeds vary", name, KINDS, where="--vary")
    if not given:
        raise FoiError(f"--vary: name some of {', '.join(KINDS)}")
    return tuple(name for name in KINDS if name in given)


def format_variation(varied: Collection[str]) -> str:
    """Returns what seeds vary as rows and flags have it; "none" for nothing."""
    return ",".join(name for name in KINDS if name in varied) or "none"


def varied_in_link(varied: Collection[str], limited: bool) -> tuple[str, ...]:
    """Returns what a seed varies in a single link.

    Args:
      varied: some of `KINDS`.
      limited: whether the link trains on a part of the images; only then is there a subset.
    """
    own = {INIT, ORDER, SUBSET} if limited else {INIT, ORDER}
    return tuple(name for name in KINDS if name in varied and name in own)


def varied_in_source(varied: Collection[str], limited: bool) -> tuple[str, ...]:
    """Returns what a seed varies in a source model: first weights and order in any case.

    Args:
      varied: some of `KINDS`, as targets vary. Unless they name the source, one model serves all.
      limited: whether the source trains on a part of its images.
    """
    subset = limited and {SOURCE, SUBSET} <= set(varied)
    return (*DEFAULT, SUBSET) if subset else DEFAULT
