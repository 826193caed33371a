"""Whether a file has what a network needs, and what became of each of its tensors."""

import dataclasses
from collections.abc import Callable, Mapping

from foi_tf.errors import FoiError
from foi_tf.models.weights.tensor_files import Shape

NOT_WANTED = "not of what is imported"
_SHOWN = 3  # Names in a message.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """What became of every tensor of a file.

    Attributes:
      used: by the tensor's name, the variable that has its values now.
      left: by the tensor's name, why it was not used.
    """

    used: Mapping[str, str]
    left: Mapping[str, str]

    def left_by_reason(self) -> dict[str, list[str]]:
        """The names of what was left, by why."""
        names = {}
        for name, reason in self.left.items():
            names.setdefault(reason, []).append(name)
        return names


def check(
    shapes: Mapping[str, Shape],
    expected: Mapping[str, Shape],
    *,
    of_backbone: Callable[[str], bool],
    classifier: tuple[str, int],
    where: str,
    backbone_name: str,
) -> None:
    """Compares a file with what is to be imported of it.

    Args:
      shapes: of the file's tensors.
      expected: of the tensors that are wanted.
      of_backbone: whether a tensor is part of a backbone like the wanted one.
      classifier: name of the classifier's kernel, and the axis of its classes.

    Raises:
      FoiError: tensors are missing, of other shapes, or more than the backbone has.
    """
    missing = [name for name in expected if name not in shapes]
    if missing:
        remedy = "a smaller network, or not the whole file"
        if not any(map(of_backbone, missing)):
            remedy = "--classes=0 takes the backbone alone"
        raise FoiError(
            f"{where}: lacks {len(missing)} of the {len(expected)} tensors of {backbone_name} "
            f"({some(missing)}); {remedy}"
        )
    wrong = [name for name, shape in expected.items() if shapes[name] != shape]
    name, axis = classifier
    if name in wrong:
        raise FoiError(
            f"{where}: classifier of {shapes[name][axis]} classes, not {expected[name][axis]}; "
            "check --classes"
        )
    if wrong:
        told = [f"{name} {_text(shapes[name])} not {_text(expected[name])}" for name in wrong]
        raise FoiError(
            f"{where}: {len(wrong)} tensors have other shapes than in {backbone_name}: {some(told)}"
        )
    extra = [name for name in shapes if of_backbone(name) and name not in expected]
    if extra:
        raise FoiError(
            f"{where}: {len(extra)} tensors more than {backbone_name} has ({some(extra)}); "
            "a larger network"
        )


def some(names: list[str]) -> str:
    """The first of many names."""
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
