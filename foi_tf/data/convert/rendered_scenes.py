"""The rendered collection as examples to be."""

import dataclasses

from foi_tf import miniworld
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.validate import validate_example
from foi_tf.data.records import schema
from foi_tf.errors import unknown_name_error
from foi_tf.study.dataset import Dataset, Size


@dataclasses.dataclass(frozen=True)
class SceneEntry:
    """One image to be drawn, in whatever process; see `entry.Entry`."""

    dataset: str
    split: str
    index: int

    part_of = None  # Every scene is drawn by itself.

    @property
    def id(self) -> str:
        """As the renderer calls it."""
        return miniworld.example_id(self.split, self.index)

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """Draws and checks the example; returns it with its image's (height, width)."""
        example = miniworld.render(self.dataset, self.split, self.index)
        size = example["image"].shape[:2]
        return validate_example(example, dataset, size, f"{self.dataset}/{self.id}"), size


def find_rendered_dataset(dataset_id: str) -> RawDataset:
    """All scenes of a dataset of the collection.

    Raises:
      FoiError: there is no such dataset.
    """
    if dataset_id not in miniworld.DATASETS:
        raise unknown_name_error("dataset", dataset_id, miniworld.DATASETS)
    row = miniworld.DATASETS[dataset_id]
    counts = {"train": row.train, "val": row.val}
    scenes = {
        s: [SceneEntry(dataset_id, s, index) for index in range(n)] for s, n in counts.items()
    }
    return RawDataset(row, scenes)
