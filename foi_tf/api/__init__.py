"""Offers the package's front door in Python: `import foi_tf as foi`.

Each function does what the program of its name does, with the same defaults, and leaves the
same files; but datasets are converted by one process. The names below are also attributes of
`foi_tf` itself, as in `foi_tf.target`. TensorFlow and pandas are imported by the first call that
needs them.
"""

from foi_tf.api.analysis import gains, load_results, recommend, report
from foi_tf.api.comparisons import compare
from foi_tf.api.datasets import prepare
from foi_tf.api.models import export, open_model
from foi_tf.api.runs import Run, pretrain, source, target
from foi_tf.errors import BusyError, FoiError

__all__ = [
    "BusyError",
    "FoiError",
    "Run",
    "compare",
    "export",
    "gains",
    "load_results",
    "open_model",
    "prepare",
    "pretrain",
    "recommend",
    "report",
    "source",
    "target",
]
