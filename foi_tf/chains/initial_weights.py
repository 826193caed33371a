"""What a link starts from: random weights, a finished link, or a checkpoint from elsewhere."""

import dataclasses
import hashlib
from collections.abc import Sequence

from etils import epath

from foi_tf.chains import links, lr_selection
from foi_tf.errors import FoiError
from foi_tf.study.choices import SELECTIONS
from foi_tf.study.dataset import Task
from foi_tf.study.grid import PRETRAINING, PRETRAININGS
from foi_tf.study.results import NO_SOURCE, SCRATCH


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """Backbone weights and where they come from.

    Attributes:
      chain: what they were trained on. What ends with a pre-training is one name: "ilsvrc" for
        the classification from random weights, and else all there was, as "ilsvrc:contrastive".
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


def pretrained(workdir: epath.PathLike, task: Task, backbone: str) -> Start:
    """The pre-training, one of `study.grid.PRETRAININGS`, in a working directory.

    Raises:
      FoiError: there is none, or more than one.
    """
    chain = (SCRATCH, str(task))
    kind = "" if task == PRETRAINING else f" --task_type={task.type}"
    return _find(workdir, chain, task, [None], backbone, "none", f"foi-pretrain{kind}")


def source(
    workdir: epath.PathLike,
    task: Task,
    images: Sequence[int | None],
    backbone: str,
    select: str,
    init: str = NO_SOURCE,
) -> Start:
    """The source model of a task, or of a set of them, in a working directory.

    Args:
      init: the name of the weights that it began with.
      images: how many training images it was allowed of each part; None for all.
      select: how its learning rate was chosen, one of `study.choices.SELECTIONS`.

    Raises:
      FoiError: there is none, or more than one.
    """
    chain, command = (init, str(task)), f"foi-source --source={task}"
    if init in (SCRATCH, *map(str, PRETRAININGS.values())):
        command += f" --init={init}"
    elif init != NO_SOURCE:  # What the last part of a path is.
        command += f" --init=.../{init}"
    return _find(workdir, chain, task, images, backbone, select, command)


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


def name(path: epath.PathLike) -> str:
    """What the chains that begin with the weights at a path are said to begin with.

    Raises:
      FoiError: it is a directory, but not that of a finished link.
    """
    path = epath.Path(path)
    return _names(links.load(path).link.chain)[0] if path.is_dir() else path.name


def _find(workdir, chain, task, images, backbone: str, select: str, command: str) -> Start:
    def wanted(link: links.Link) -> bool:
        same = link.chain == chain and link.backbone == backbone and not link.holdout
        return same and sorted(link.images, key=str) == sorted(images, key=str)

    finished = links.find(workdir, task, wanted)
    found = [directory for directory in finished if lr_selection.is_marked(directory, select)]
    shown = f"{workdir}: {{}} {' -> '.join(chain)} with {backbone}"
    if not found:
        others = [by for by in SELECTIONS if any(lr_selection.is_marked(d, by) for d in finished)]
        if others:
            none = shown.format(f"no finished link, chosen by --select_lr={select},")
            raise FoiError(f"{none}; there is one by --select_lr={others[0]}: give that or --init")
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
    if not links.weights(directory).with_suffix(".index").exists():
        raise FoiError(f"{directory}: its weights are gone; remove it and train again")
    return Start(
        chain=_names(link.chain),
        digest=link.digest,
        checkpoint=links.weights(directory),
        finished=finished,
    )


def _names(chain: tuple[str, ...]) -> tuple[str, ...]:
    """What weights with such a chain are called in the chains that go on from them."""
    if chain[-1] not in map(str, PRETRAININGS.values()):
        return chain
    if chain == (SCRATCH, str(PRETRAINING)):
        return (NO_SOURCE,)
    return ("+".join(name for name in chain if name != SCRATCH),)
