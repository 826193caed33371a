"""Finds the datasets of the rendered collection, whose examples are drawn when they are loaded."""

import dataclasses

from foi_tf import miniworld
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.validate import validate_example
from foi_tf.data.records import schema
from foi_tf.errors import unknown_name_error
from foi_tf.study.dataset import Dataset, Size


@dataclasses.dataclass(frozen=True)
class SceneEntry:
    """Describes one scene that is drawn when it is loaded, in any process; an `entry.Entry`."""

    dataset: str
    split: str
    index: int

    part_of = None  # Each scene is drawn independently of the others.

    @property
    def id(self) -> str:
        """Returns the renderer's id of the scene."""
        return miniworld.make_example_id(self.split, self.index)

    def load(self, dataset: Dataset) -> tuple[schema.Example, Size]:
        """Draws and validates the example; returns it with its image's (height, width)."""
        example = miniworld.render(self.dataset, self.split, self.index)
        size = example["image"].shape[:2]
        return validate_example(example, dataset, size, f"{self.dataset}/{self.id}"), size


def find_rendered_dataset(dataset_id: str) -> RawDataset:
    """Lists all scenes of a dataset of the rendered collection.

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
