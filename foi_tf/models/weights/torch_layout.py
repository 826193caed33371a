"""Describes how PyTorch names the tensors of an architecture."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, kw_only=True)
class TorchLayout:
    """Describes the names of a network's tensors in PyTorch.

    Attributes:
      title: name of the network, for messages.
      described: whose names they are, for model cards.
      landmark: a tensor that every such network has. The text before its name is the prefix of
        all names in a file.
      classifier: kernel of the classifier, [classes, channels].
      backbone_module: returns the PyTorch module of a layer of our backbone.
      head_module: returns the PyTorch module of a layer of `heads.ClassificationHead`.
      is_backbone_tensor: tells whether a tensor, named without prefix, is in the backbone.
    """

    title: str
    described: str
    landmark: str
    classifier: str
    backbone_module: Callable[[str], str]
    head_module: Callable[[str], str]
    is_backbone_tensor: Callable[[str], bool]
