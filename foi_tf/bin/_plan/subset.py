"""Prints the images of foi-plan --subset, or with --coverage the classes that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foi_tf.bin._shared import console
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from absl import flags


def print_subset(values: flags.FlagValues) -> None:
    """Prints the ids of the images that a task trains on in --setting, or their classes."""
    from foi_tf.data.inspect import class_coverage
    from foi_tf.data.records import prepared_datasets
    from foi_tf.study import grid, variation
    from foi_tf.study.dataset import Task

    task = Task.parse(values.subset)
    found = prepared_datasets.load_task_dataset(values.data_dir, task)
    setting = values.setting or grid.default_setting([found.dataset])
    limits = grid.max_source_images if setting == "small_source" else grid.max_target_images
    every = found.annotated_ids("train", task.type)
    # As in `chains.links.Link.subset_seed`.
    seed = int(values.seeds[0]) if variation.SUBSET in values.vary else 0
    chosen = grid.choose_subset(every, limits(found.dataset, setting), seed)
    if not values.coverage:
        print("\n".join(chosen))
        images = count_noun(len(every), "training image")
        console.print_note(f"{task} {setting}: {len(chosen)} of {images}")
        return
    rows = class_coverage.count_class_coverage(found, task.type, frozenset(chosen))
    missing = [row.name for row in rows if row.total and not row.chosen]
    console.print_table(
        ["class", "name", "images_of_subset", "images_of_all"],
        [(place, row.name, row.chosen, row.total) for place, row in enumerate(rows)],
    )
    console.print_note(
        f"classes of the training set that are missing: {', '.join(missing) or 'none'}"
    )
