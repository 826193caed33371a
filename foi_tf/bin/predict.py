"""foi-predict: draws images, their annotation and the predictions of models side by side.

  foi-predict --model=LINK_OR_EXPORT --images=FOLDER --out=pictures [--data_dir=D]
  foi-predict --model=LINK_A,LINK_B --dataset=camvid --data_dir=D --out=pictures

--model takes directories of links of targets, which need --data_dir for the classes of their
dataset, and of exports, which do not. Several models stand side by side; they have to predict one
task type. Classes have colors that people with color-vision deficiencies can tell. Near depth is
yellow and far depth is violet. Objects of low scores are left out (--min_score); keypoints that
the network does not see are rings.

Writes a PNG file for each image, and prints one line of JSON: the image and its picture.
"""

import functools

from absl import flags
from etils import epath

from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import Program, require


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_list(
        "model", None, "Links of targets, or exports, comma-separated directories.", **place
    )
    flags.DEFINE_string("images", None, "Folder of images to predict.", **place)
    flags.DEFINE_string("dataset", None, "Prepared dataset whose images to predict.", **place)
    flags.DEFINE_string("data_dir", "", "Directory of the prepared datasets.", **place)
    flags.DEFINE_enum("split", "val", ["train", "val"], "Split of --dataset.", **place)
    flags.DEFINE_integer("count", 16, "Largest number of images.", 1, **place)
    flags.DEFINE_integer("height", 240, "Height of each picture in pixels.", 16, 4096, **place)
    flags.DEFINE_float(
        "min_score", 0.3, "Least score of an object that is drawn, from 0 to 1.", 0, 1, **place
    )
    flags.DEFINE_string("out", None, "Directory to write pictures to.", **place)
    require(values, "model", "out")
    flags.register_multi_flags_validator(
        ["images", "dataset", "data_dir", "split"],
        functools.partial(_check, values),
        flag_values=values,
    )


def _check(values: flags.FlagValues, given: dict) -> bool:
    if bool(given["images"]) == bool(given["dataset"]):
        raise flags.ValidationError("give either --images or --dataset")
    if given["dataset"] and not given["data_dir"]:
        raise flags.ValidationError("--dataset needs --data_dir")
    if given["images"] and values["split"].present:
        raise flags.ValidationError("--split is one of --dataset; leave it out with --images")
    return True


def _main(values: flags.FlagValues) -> None:
    from foi_tf.data.inspect import contact_sheet
    from foi_tf.data.records import prepared_datasets
    from foi_tf.inference import opened_model, prediction_strips

    models = {}
    for place in values.model:
        opened = opened_model.open_for_prediction(place, data_dir=values.data_dir)
        # The last part of a chain is the target, the same for all that stand side by side.
        name = " -> ".join(opened.metadata["chain"][:-1]) or "model"
        models[f"{len(models) + 1}. {name}"] = opened
    task_type = prediction_strips.find_task_type(models)
    if values.images:
        row, examples = None, prediction_strips.read_folder(values.images, values.count)
    else:
        prepared = prepared_datasets.load_annotated(values.data_dir, values.dataset)
        row = prepared.dataset
        examples = prediction_strips.read_prepared(prepared, task_type, values.split, values.count)
    for example in examples:
        strip = prediction_strips.draw_strip(
            example, models, row, height=values.height, min_score=values.min_score
        )
        path = epath.Path(values.out) / f"{example['id']}.png"
        contact_sheet.save_png(path, strip)
        print(console.format_json({"image": example["id"], "picture": str(path)}), flush=True)


PROGRAM = Program("foi-predict", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
