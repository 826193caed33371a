"""foi-linear: evaluates a linear classifier on a frozen backbone.

  foi-linear --dataset=ilsvrc --data_dir=D --init=LINK_OF_A_PRETRAINING [--out=linear.json]

This is the usual test of self-supervised weights. For comparison, --init=scratch takes random
weights. The dataset needs a label for each image (foi-prepare --format=folders), or boxes, as
COCO: then an image has all classes of its boxes, and mean average precision is printed, too.
Prints one line of JSON: the top-1 accuracy and everything that it depends on.
"""

import dataclasses

from absl import flags

from foi_tf import files
from foi_tf.bin._shared import backbone_flags, console
from foi_tf.bin._shared.program import Program, require


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "dataset", None, "Dataset with a label for each image, or boxes.", flag_values=values
    )
    backbone_flags.define(values)
    flags.DEFINE_integer(
        "images", None, "Largest number of training images; by default all.", 1, flag_values=values
    )
    flags.DEFINE_integer(
        "seed",
        0,
        "Random seed for the choice of images, and for the weights of --init=scratch.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "out",
        "",
        "File (*.json) to which the line is written, too; by default it is only printed.",
        flag_values=values,
    )
    require(values, "dataset")


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data.records import prepared_datasets
    from foi_tf.inference import features, linear_probe

    request = features.FeatureRequest(
        prepared=prepared_datasets.load_annotated(values.data_dir, values.dataset),
        images=values.images,
        size=values.size,
        fit=values.fit,
        seed=values.seed,
    )
    found = linear_probe.evaluate_probe(
        request, backbone_flags.make_extractor(values), values.batch_size
    )
    line = console.format_json(dataclasses.asdict(found))
    if values.out:
        files.write_text(values.out, line + "\n")
    print(line)


PROGRAM = Program("foi-linear", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
