"""What a link starts from: random weights, a finished link, or a checkpoint from elsewhere."""

import dataclasses
import hashlib

from etils import epath

from foi_tf.errors import FoiError
from foi_tf.study.dataset import Task
from foi_tf.study.results import NO_SOURCE, SCRATCH
from foi_tf.training import link as links

PRETRAINING = Task("ilsvrc", "classification")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """Backbone weights and where they come from.

    Attributes:
      chain: what they were trained on; the pre-training is called "ilsvrc".
      digest: identifies them; empty for random weights.
      checkpoint: where they are; None for random weights.
      finished: the link that made them, where it is one of ours.
    """

    chain: tuple[str, ...]
    digest: str = ""
    checkpoint: epath.Path | None = None
    finished: links.Finished | None = None


def scratch() -> Start:
    """Random weights."""
    return Start(chain=(SCRATCH,))


def pretrained(workdir: epath.PathLike, backbone: str) -> Start:
    """The pre-training in a working directory.

    Raises:
      FoiError: there is none, or more than one.
    """
    return _find(workdir, (SCRATCH, str(PRETRAINING)), None, backbone, "foi-pretrain")


def source(workdir: epath.PathLike, task: Task, images: int | None, backbone: str) -> Start:
    """The source model of a task in a working directory.

    Args:
      images: how many training images it was allowed; None for all.

    Raises:
      FoiError: there is none, or more than one.
    """
    chain = (NO_SOURCE, str(task))
    return _find(workdir, chain, images, backbone, f"foi-source --source={task}")


def elsewhere(path: epath.PathLike, backbone: str) -> Start:
    """The weights at a path: the directory of a finished link, or a TensorFlow checkpoint.

    Raises:
      FoiError: there is nothing, or the link has another backbone.
    """
    path = epath.Path(path)
    if path.is_dir():
        if not links.is_finished(path):
            raise FoiError(f"{path}: not the directory of a finished link; it has no link.json")
        return _of(path, backbone)
    parts = sorted(path.parent.glob(f"{path.name}.*")) if path.parent.is_dir() else []
    if not any(part.name == f"{path.name}.index" for part in parts):
        raise FoiError(
            f"{path}: neither a link's directory nor a checkpoint (no {path.name}.index)"
        )
    digest = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
    return Start(chain=(path.name,), digest=digest, checkpoint=path)


def _find(workdir, chain, images, backbone: str, command: str) -> Start:
    found = links.find(workdir, chain=chain, images=images, backbone=backbone)
    shown = f"{workdir}: {{}} {' -> '.join(chain)} with {backbone}"
    if not found:
        raise FoiError(f"{shown.format('no finished link')}; run {command} first")
    if len(found) > 1:
        names = ", ".join(directory.name for directory in found)
        raise FoiError(f"{shown.format('several links')}: {names}; choose one with --init=PATH")
    return _of(found[0], backbone)


def _of(directory: epath.Path, backbone: str) -> Start:
    finished = links.load(directory)
    link = finished.link
    if link.backbone != backbone:
        raise FoiError(f"{directory}: trained with {link.backbone}, but --backbone={backbone}")
    chain = (NO_SOURCE,) if link.task == PRETRAINING else link.chain
    return Start(
        chain=chain, digest=link.digest, checkpoint=links.weights(directory), finished=finished
    )
