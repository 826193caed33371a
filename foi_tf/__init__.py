"""Answers which source to pre-train on for a target, and what it gains.

The package runs and analyzes transfer chains (initial weights -> source task -> target task)
over image domains and task types, after Mensink et al., "Factors of Influence for Transfer
Learning across Diverse Appearance Domains and Task Types", TPAMI 2021.

The functions of the front door are attributes of this package, as in `foi_tf.target`; see
`foi_tf.api`. Importing the package is light: TensorFlow starts with the first call.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from foi_tf import tpu_machine

if TYPE_CHECKING:
    from foi_tf.api import BusyError as BusyError
    from foi_tf.api import FoiError as FoiError
    from foi_tf.api import Run as Run
    from foi_tf.api import compare as compare
    from foi_tf.api import export as export
    from foi_tf.api import gains as gains
    from foi_tf.api import load_results as load_results
    from foi_tf.api import open_model as open_model
    from foi_tf.api import prepare as prepare
    from foi_tf.api import pretrain as pretrain
    from foi_tf.api import recommend as recommend
    from foi_tf.api import report as report
    from foi_tf.api import source as source
    from foi_tf.api import target as target

__version__ = "0.1.0"

# Both must be in the environment before TensorFlow is first imported:
# `tf.keras` is Keras 2 only with the first (TensorFlow >= 2.16 with tf-keras),
# and the second keeps start-up chatter off stderr, where our errors go.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tpu_machine.set_tpu_variables()

# The names of `foi_tf.api.__all__`, listed here so that the modules of `foi_tf` do not import it.
_FRONT_DOOR = frozenset(
    {
        "BusyError", "FoiError", "Run", "compare", "export", "gains", "load_results", "open_model",
        "prepare", "pretrain", "recommend", "report", "source", "target",
    }
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Returns a name of the front door at its first use (PEP 562)."""
    if name in _FRONT_DOOR:
        return getattr(importlib.import_module("foi_tf.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Lists the names of the front door and what is loaded."""
    return sorted({*globals(), *_FRONT_DOOR})
