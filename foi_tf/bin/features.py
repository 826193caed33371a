"""foi-features: computes features of images, for domain distances and transferability.

  foi-features --dataset=camvid,coco --data_dir=D --init=PATH --out=features.npz
  foi-features --dataset=camvid:segmentation --pixels=100 --images=150 --data_dir=D \\
      --init=LINK_OF_A_SOURCE --out=camvid_by_coco.npz

The first command averages the feature map of each image, for the domain distances between
datasets (Section 3.2). The second also keeps single cells of the maps with their annotation,
for the transferability metrics of foi-recommend. An interrupted command, given again, continues.
Prints one line for each dataset or task: name, images, numbers per image, points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from foi_tf.bin._shared import backbone_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.errors import FoiError
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, Task
from foi_tf.study.feature_files import MAX_IMAGES

if TYPE_CHECKING:
    from foi_tf.inference import features


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_list(
        "dataset",
        None,
        "Datasets, comma-separated; with --pixels tasks, as camvid:segmentation.",
        flag_values=values,
    )
    backbone_flags.define(values)
    flags.DEFINE_string("out", None, "File (*.npz) to write.", flag_values=values)
    flags.DEFINE_integer(
        "images",
        MAX_IMAGES,
        "Largest number of training images of each dataset; a seeded subset of a larger dataset.",
        1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "pixels",
        0,
        "Largest number of annotated cells to keep of each image; 1000 in the literature. 0 keeps "
        "no cells.",
        0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed",
        0,
        "Random seed for the choice of images and cells, and for the weights of --init=scratch.",
        flag_values=values,
    )
    require(values, "dataset", "out")
    flags.register_multi_flags_validator(
        ["dataset", "pixels"],
        lambda v: all((":" in name) == (v["pixels"] > 0) for name in v["dataset"]),
        "--pixels needs tasks, as in --dataset=camvid:segmentation, and tasks need --pixels",
        flag_values=values,
    )


def _main(values: flags.FlagValues) -> None:
    from foi_tf.inference import features

    requests = [_request(values, name) for name in values.dataset]
    network = backbone_flags.make_extractor(values)
    for each in features.update_features(values.out, requests, network, values.batch_size):
        points = 0 if each.points is None else len(each.points.vectors)
        print(each.origin.name, *each.vectors.shape, points, sep="\t")


def _request(values: flags.FlagValues, name: str) -> features.FeatureRequest:
    from foi_tf.data.records import prepared_datasets
    from foi_tf.inference import features

    common = {"images": values.images, "size": values.size, "fit": values.fit, "seed": values.seed}
    if not values.pixels:
        return features.FeatureRequest(
            prepared=prepared_datasets.load_prepared(values.data_dir, name), **common
        )
    task = Task.parse(name)
    if task.type not in STRUCTURED_TASK_TYPES:
        raise FoiError(
            f"{task}: {task.type} has no annotation of single pixels; leave out --pixels"
        )
    return features.FeatureRequest(
        prepared=prepared_datasets.load_task_dataset(values.data_dir, task),
        task_type=task.type,
        points=values.pixels,
        **common,
    )


PROGRAM = Program("foi-features", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
