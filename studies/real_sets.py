"""Lists 24 small sets of real images, and prepares them.

  FOI_REAL_DATA=DIR python -m studies.real_sets DATA_DIR

Their licenses keep them out of this repository. README.md says where they are from.
"""

import dataclasses
import os
import pathlib
import sys

import foi_tf as foi
from foi_tf.study.dataset import DEPTH, DETECTION, KEYPOINTS, SEGMENTATION, Task

# Format of the folder by task type.
_FORMATS = {DEPTH: "depth", DETECTION: "coco", KEYPOINTS: "coco", SEGMENTATION: "masks"}


@dataclasses.dataclass(frozen=True)
class RealSet:
    """Describes a set.

    Attributes:
      name: name of the dataset, and of the folder unless `folder` says otherwise.
      domain: image domain.
      types: task types that it is annotated for.
      folder: name of the folder.
    """

    name: str
    domain: str
    types: tuple[str, ...]
    folder: str = ""

    @property
    def tasks(self) -> list[Task]:
        """Lists the tasks of the set."""
        return [Task(self.name, kind) for kind in self.types]


REAL_SETS = (
    # The name camvid belongs to one of the paper's datasets.
    RealSet("camvid_part", "driving", (SEGMENTATION,), "camvid"),
    RealSet("coco128", "consumer", (SEGMENTATION, DETECTION)),
    RealSet("human_seg", "consumer", (SEGMENTATION,)),
    RealSet("clothing", "consumer", (SEGMENTATION,)),
    RealSet("facades", "consumer", (SEGMENTATION,)),
    RealSet("indoor_corridors", "indoor", (SEGMENTATION,)),
    RealSet("aerial_roads", "aerial", (SEGMENTATION,)),
    RealSet("aerial_land", "aerial", (SEGMENTATION,)),
    RealSet("concrete_damage", "close-up", (SEGMENTATION,)),
    RealSet("raccoon", "consumer", (DETECTION,)),
    RealSet("bccd", "close-up", (DETECTION,)),
    RealSet("playing_cards", "close-up", (DETECTION,)),
    RealSet("indoor_objects", "indoor", (DETECTION,)),
    RealSet("doors", "indoor", (DETECTION,)),
    RealSet("aerial_cars", "aerial", (DETECTION,)),
    RealSet("trash_icra19", "underwater", (DETECTION,)),
    RealSet("underwater_sim", "underwater", (DETECTION,)),
    RealSet("lsp_ext", "consumer", (KEYPOINTS,)),
    RealSet("openfield_mouse", "close-up", (KEYPOINTS,)),
    RealSet("mirror_mouse", "close-up", (KEYPOINTS,)),
    RealSet("faces", "close-up", (KEYPOINTS,)),
    RealSet("bees", "close-up", (KEYPOINTS,)),
    RealSet("sevenscenes_depth", "indoor", (DEPTH,)),
    RealSet("desk_depth", "indoor", (DEPTH,)),
)


def prepare(raw_dir: pathlib.Path, data_dir: pathlib.Path) -> None:
    """Prepares all sets that are not prepared yet.

    Args:
      raw_dir: folder of the sets.
      data_dir: directory of the prepared datasets.
    """
    for own in REAL_SETS:
        if not (data_dir / own.name).exists():
            foi.prepare(
                raw_dir / (own.folder or own.name),
                data_dir=data_dir,
                format=[_FORMATS[kind] for kind in own.types],
                domain=own.domain,
                name=own.name,
            )


if __name__ == "__main__":
    prepare(pathlib.Path(os.environ["FOI_REAL_DATA"]), pathlib.Path(sys.argv[1]))
