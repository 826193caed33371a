"""Falls back to the checkpoint before a damaged one."""

import re

import tensorflow as tf
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.models.weights.checkpoint_facts import checkpoint_files
from foi_tf.models.weights.tensor_files import CheckpointTensors
from foi_tf.progress import warn


def drop_damaged_checkpoints(directory: epath.Path) -> None:
    """Removes the newest checkpoints of a link as long as they are damaged, with a warning.

    All tensors are read, since each has a checksum. The list of checkpoints, which TensorFlow goes
    by, is written anew if it does not name the newest one.
    """
    numbered = {}
    for index in directory.glob("*.index"):
        if found := re.fullmatch(r"ckpt-(\d+)", index.name.removesuffix(".index")):
            numbered[int(found[1])] = index.parent / found[0]
    paths = [str(numbered[number]) for number in sorted(numbered)]
    while paths and (problem := _find_problem(paths[-1])):
        warn(f"{problem}; going on from the checkpoint before it")
        for path in checkpoint_files(paths.pop()):
            path.unlink(missing_ok=True)
    newest = paths[-1] if paths else None
    if _listed_newest(directory) != newest:
        (directory / "checkpoint").unlink(missing_ok=True)
        if newest:
            tf.compat.v1.train.update_checkpoint_state(
                str(directory), newest, all_model_checkpoint_paths=paths
            )


def _find_problem(checkpoint: str) -> str:
    """Says what is damaged in a checkpoint; "" if nothing is."""
    try:
        tensors = CheckpointTensors(epath.Path(checkpoint))
        for name in tensors.shapes:
            tensors.read(name)
    except FoiError as error:
        return str(error).removesuffix("; fetch it again")
    return ""


def _listed_newest(directory: epath.Path) -> str | None:
    """Returns the newest checkpoint by TensorFlow's own list; None without a list."""
    try:
        return tf.train.latest_checkpoint(str(directory))
    except Exception:  # The list is damaged.
        return None
