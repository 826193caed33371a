"""Checks that a file has the tensors of a network, and reports the use of each tensor."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models.weights.tensor_files import Shape
from foi_tf.progress import warn
from foi_tf.wording import count_noun

NOT_IMPORTED = "not part of the imported network"
_SHOWN = 3  # Names that a message lists.
_PLAUSIBLE = 1e6  # Largest absolute value of a trained weight; ours.


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportTarget:
    """Names the network that takes over the values of a file.

    Attributes:
      backbone: the backbone.
      backbone_name: its name, for messages.
      head: the inner network of a `ClassificationHead`; None leaves out the file's head.
    """

    backbone: tf.keras.Model
    backbone_name: str
    head: tf.keras.Model | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Tells the use of every tensor of a file.

    Attributes:
      used: name of the variable that took over the values, by name of the tensor.
      left: reason why a tensor was not used, by name of the tensor.
    """

    used: Mapping[str, str]
    left: Mapping[str, str]

    def left_by_reason(self) -> dict[str, list[str]]:
        """Returns the names of unused tensors by reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.left.items():
            names.setdefault(reason, []).append(name)
        return names


def check_tensors(
    shapes: Mapping[str, Shape],
    expected: Mapping[str, Shape],
    *,
    of_backbone: Callable[[str], bool],
    classifier: tuple[str, int],
    where: str,
    backbone_name: str,
) -> None:
    """Checks that a file has the expected tensors.

    Args:
      shapes: shapes of all tensors of the file, by name.
      expected: shapes of the tensors to import, by name.
      of_backbone: tells whether a tensor belongs to a backbone of the same architecture.
      classifier: name of the classifier's kernel, and the axis of its classes.
      where: the file, for messages.
      backbone_name: name of the backbone, for messages.

    Raises:
      FoiError: tensors are missing or have other shapes, or the file has more tensors than the
        backbone.
    """
    missing = [name for name in expected if name not in shapes]
    if missing:
        remedy = "the file has a smaller network, or is incomplete; check --backbone"
        if not any(map(of_backbone, missing)):
            remedy = "--classes=0 imports the backbone alone"
        raise FoiError(
            f"{where}: lacks {len(missing)} of the {len(expected)} tensors of {backbone_name} "
            f"({join_first_names(missing)}); {remedy}"
        )
    wrong = [name for name, shape in expected.items() if shapes[name] != shape]
    name, axis = classifier
    if name in wrong:
        raise FoiError(
            f"{where}: the classifier has {count_noun(shapes[name][axis], 'class', 'classes')}, "
            f"not {expected[name][axis]}; check --classes"
        )
    if wrong:
        texts = [
            f"{name} {_format_shape(shapes[name])} not {_format_shape(expected[name])}"
            for name in wrong
        ]
        raise FoiError(
            f"{where}: {count_noun(len(wrong), 'tensor')} of another shape than in "
            f"{backbone_name}: {join_first_names(texts)}; check --backbone"
        )
    extra = [name for name in shapes if of_backbone(name) and name not in expected]
    if extra:
        raise FoiError(
            f"{where}: {count_noun(len(extra), 'tensor')} more than {backbone_name} has "
            f"({join_first_names(extra)}); the file has a larger network; check --backbone"
        )


def check_values(name: str, values: np.ndarray, where: str) -> np.ndarray:
    """Returns the values of a tensor to import, after a check that they can be weights.

    Warns of numbers that no training leaves, as a flipped bit does.

    Raises:
      FoiError: some are not finite.
    """
    numbers = np.abs(values.astype(np.float64))
    if not np.isfinite(numbers).all():
        count = count_noun(int((~np.isfinite(numbers)).sum()), "number")
        raise FoiError(
            f"{where}: {name} has {count} that are not finite: its training diverged, or the file "
            "is damaged; fetch it again or take another"
        )
    if numbers.size and (largest := float(numbers.max())) > _PLAUSIBLE:
        warn(f"{where}: {name} has the number {largest:.3g}, unlike weights; is the file damaged?")
    return values


def join_first_names(names: list[str]) -> str:
    """Lists the first names, separated by commas."""
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _format_shape(shape: Shape) -> str:
    """Formats a shape, as 3x3x64x64."""
    return "x".join(map(str, shape))
