"""Weights in and out: foi-weights import --help, foi-weights export --help."""

import json
import sys

from absl import flags

from foi_tf.bin._shared import command_line
from foi_tf.study.choices import BACKBONES, EXPORTS, ILSVRC_CLASSES, PRECISIONS

IMPORT, EXPORT = flags.FlagValues(), flags.FlagValues()
_IMPORT_USAGE = """\
foi-weights import: public weights -> a checkpoint for --init of the programs that train.

Reads .safetensors and files of torch.save (.pth, .pt, .bin, .tar, .ckpt), without PyTorch and
without running anything that is in them: HRNetV2 of timm, and of the authors' repositories,
their segmentation networks included (the backbone). With --backbone=resnet50, reads TensorFlow
checkpoints of SimCLR's code, named without .index. Prints what became of every tensor as JSON."""
_EXPORT_USAGE = """\
foi-weights export: a trained link, or a checkpoint -> a model that others can use.

saved_model has the signatures predict (images in, decoded predictions out) and
get_features; safetensors, for HRNetV2, has the backbone and a classification head, under
timm's names. A model card goes with both.
Prints the model's metadata as JSON."""

flags.DEFINE_string("weights", None, "The file of public weights.", flag_values=IMPORT)
flags.DEFINE_enum(
    "backbone", "hrnet_w48", sorted(BACKBONES), "What the file holds.", flag_values=IMPORT
)
flags.DEFINE_integer(
    "classes",
    ILSVRC_CLASSES,
    "Classes of the classification head; 0 leaves the head out.",
    0,
    flag_values=IMPORT,
)
flags.DEFINE_string("out", None, "Checkpoint to write, as in weights/ilsvrc.", flag_values=IMPORT)
flags.mark_flags_as_required(["weights", "out"], IMPORT)

flags.DEFINE_string("init", None, "A link's directory, or a checkpoint.", flag_values=EXPORT)
flags.DEFINE_string("out", None, "Directory to make.", flag_values=EXPORT)
flags.DEFINE_string("data_dir", "", "Prepared datasets; for links.", flag_values=EXPORT)
flags.DEFINE_enum(
    "backbone",
    None,
    sorted(BACKBONES),
    "What a checkpoint holds (default: hrnet_w48); a link says it itself.",
    flag_values=EXPORT,
)
flags.DEFINE_enum("format", "saved_model", EXPORTS, "What to write.", flag_values=EXPORT)
flags.DEFINE_bool(
    "frozen",
    False,
    "Fold batch norm into the convolutions and make weights constants: faster, and final.",
    flag_values=EXPORT,
)
flags.DEFINE_enum(
    "precision",
    None,
    sorted(PRECISIONS),
    "Computation in layers (default: the link's, or float32).",
    flag_values=EXPORT,
)
flags.DEFINE_string("license", "", "Of the weights, for the model card.", flag_values=EXPORT)
flags.mark_flags_as_required(["init", "out"], EXPORT)
flags.register_multi_flags_validator(
    ["format", "frozen", "precision"],
    lambda v: v["format"] == "saved_model" or not (v["frozen"] or v["precision"]),
    "--frozen and --precision go with --format=saved_model",
    flag_values=EXPORT,
)


def main() -> None:
    """The console script."""
    program, *rest = sys.argv
    commands = {
        "import": (_import, IMPORT, _IMPORT_USAGE),
        "export": (_export, EXPORT, _EXPORT_USAGE),
    }
    if rest and rest[0] in commands:
        command_line.run(*commands[rest[0]], [program, *rest[1:]])
    if {"--help", "-h", "-help"} & set(rest):
        command_line.run(_import, flags.FlagValues(), __doc__)
    command_line.note("foi-weights: say import or export first (--help tells more)")
    sys.exit(2)


def _import(values: flags.FlagValues) -> None:
    from foi_tf.models.weights import public_weights

    made, account = public_weights.load(values.weights, values.backbone, values.classes)
    public_weights.write_checkpoint(made.network, values.out)
    command_line.note(f"{len(account.used)} tensors used, {len(account.left)} left")
    for reason, names in account.left_by_reason().items():
        command_line.note(f"  {reason}: {len(names)}, such as {names[0]}")
    record = {"checkpoint": values.out, "backbone": values.backbone}
    print(json.dumps(record | {"used": account.used, "left": account.left}))


def _export(values: flags.FlagValues) -> None:
    from foi_tf.inference import export

    model = export.open_model(
        values.init,
        data_dir=values.data_dir,
        backbone=values.backbone,
        precision=values.precision,
        license=values.license,
    )
    metadata = export.write(model, values.out, values.format, frozen=values.frozen)
    print(json.dumps({"directory": values.out, **metadata}))


if __name__ == "__main__":
    main()
