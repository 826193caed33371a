"""Keeps with a checkpoint what its values do not say: backbone, and normalization of pixels.

The facts are in PATH.foi.json, beside PATH.index and PATH.data-*. Weights that are used as they
are (features, linear classifiers, exports) need the pixels that they were trained on.
Checkpoints of earlier versions have no such file.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable

import pydantic
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Channels

NOT_STATED = "not stated"  # License of an export whose weights have none that is known.
_SUFFIX = ".foi.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckpointFacts:
    """Holds facts about the weights of a checkpoint.

    Attributes:
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      mean, std: mean and standard deviation of the channels that pixels in [0, 1] were
        normalized by in training; None if each of several datasets had its own.
      source: name or address of the file that the weights were imported from; "" if there is none.
      source_digest: digest of that file.
      license: license of these weights, or of those that their training began with; "" if it is
        not known.
    """

    backbone: str
    mean: Channels | None
    std: Channels | None
    source: str = ""
    source_digest: str = ""
    license: str = ""

    @property
    def statistics(self) -> tuple[Channels, Channels] | None:
        """Returns mean and standard deviation; None if each dataset has its own."""
        return None if self.mean is None or self.std is None else (self.mean, self.std)


def facts_path(checkpoint: epath.PathLike) -> epath.Path:
    """Returns the path of the facts of a checkpoint."""
    return epath.Path(f"{checkpoint}{_SUFFIX}")


def write_facts(checkpoint: epath.PathLike, facts: CheckpointFacts) -> None:
    """Writes the facts of a checkpoint; readers see all or nothing.

    Raises:
      FoiError: they cannot be written.
    """
    files.write_text(facts_path(checkpoint), json.dumps(dataclasses.asdict(facts), indent=1) + "\n")


def read_facts(checkpoint: epath.PathLike) -> CheckpointFacts | None:
    """Reads the facts of a checkpoint; None if it has none.

    Raises:
      FoiError: they are broken.
    """
    path = facts_path(checkpoint)
    if not path.exists():
        return None
    try:
        return pydantic.TypeAdapter(CheckpointFacts).validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FoiError(f"{path}: broken; import or train the weights again") from error


def checkpoint_files(checkpoint: epath.PathLike) -> list[epath.Path]:
    """Lists the files that hold a checkpoint's values: PATH.index and PATH.data-*."""
    path = epath.Path(checkpoint)
    parts = sorted(path.parent.glob(f"{path.name}.*")) if path.parent.is_dir() else []
    kinds = (f"{path.name}.index", f"{path.name}.data-")
    return [part for part in parts if part.name.startswith(kinds)]


def digest_files(paths: Iterable[epath.Path]) -> str:
    """Returns a digest of the content of files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(2**24):
                digest.update(block)
    return digest.hexdigest()[:16]
