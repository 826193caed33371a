"""foi-linear: how well a linear classifier does on a frozen backbone, on classification data.

  foi-linear --dataset=ilsvrc --data_dir=D --init=LINK_OF_A_PRETRAINING [--out=linear.json]

The usual test of self-supervised weights. --init=scratch takes random weights, which say what the
classifier does by itself. Any dataset with a label for each image will do (foi-prepare
--format=folders). Prints one line of JSON with the top-1 accuracy and all that it depends on.
"""

import dataclasses
import json

from absl import flags

from foi_tf import files
from foi_tf.bin._shared import backbone_flags
from foi_tf.bin._shared.program import Program
from foi_tf.study.dataset import Task


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_string("dataset", None, "A dataset with labels of images.", flag_values=values)
    backbone_flags.define(values)
    flags.DEFINE_integer(
        "images", None, "At most so many of the training images.", 1, flag_values=values
    )
    flags.DEFINE_integer("seed", 0, "Of the choice of images.", flag_values=values)
    flags.DEFINE_string("out", "", "A file (*.json) to write the line to, too.", flag_values=values)
    flags.mark_flag_as_required("dataset", values)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data.records import prepared_datasets
    from foi_tf.inference import features, linear_probe

    task = Task(values.dataset, "classification")
    request = features.FeatureRequest(
        prepared=prepared_datasets.load_task_dataset(values.data_dir, task),
        images=values.images,
        size=values.size,
        seed=values.seed,
    )
    found = linear_probe.evaluate_probe(
        request, backbone_flags.make_extractor(values), values.batch_size
    )
    line = json.dumps(dataclasses.asdict(found))
    if values.out:
        files.write_text(values.out, line + "\n")
    print(line)


PROGRAM = Program("foi-linear", __doc__, _define_flags, _main)


def main() -> None:
    """Runs the console script."""
    PROGRAM.main()


if __name__ == "__main__":
    main()
