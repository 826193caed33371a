"""Checks that the flags of foi-prepare make one of its commands."""

from absl import flags

# Flags that say which dataset is prepared or inspected.
SOURCE = ("collection", "dataset", "format", "raw_dir", "name", "domain", "val_fraction", "colors")


def check_agreement(parsed: flags.FlagValues, values: dict) -> bool:
    """Checks that the flags make one of the commands of foi-prepare.

    Raises:
      flags.IllegalFlagValueError: they do not.
    """
    source = _is_given(values, *SOURCE)
    if source + bool(values["describe"]) + bool(values["overlap"]) != 1:
        raise flags.IllegalFlagValueError(
            "give either a dataset to prepare (--dataset, --collection or --format), or "
            "--describe, or --overlap"
        )
    if not values["check"] and not values["data_dir"]:
        raise flags.IllegalFlagValueError("--data_dir is missing")
    if values["check"] and (values["data_dir"] or not values["raw_dir"]):
        raise flags.IllegalFlagValueError("--check needs --raw_dir, and excludes --data_dir")
    if values["out"] and source:
        raise flags.IllegalFlagValueError("--out is only for --describe and --overlap")
    if values["overlap"] and len(values["overlap"]) != 2:
        raise flags.IllegalFlagValueError(
            "--overlap needs two datasets, as in --overlap=mine,other"
        )
    if values["beam_options"] and not values["beam_runner"]:
        raise flags.IllegalFlagValueError("--beam_options needs --beam_runner")
    if values["beam_runner"] and (values["check"] or not source):
        raise flags.IllegalFlagValueError("--beam_runner is only for preparing a dataset")
    if parsed["workers"].present and (values["beam_runner"] or values["check"] or not source):
        raise flags.IllegalFlagValueError(
            "--workers is only for preparing a dataset, and excludes --beam_runner"
        )
    return not source or _check_sources(values)


def _check_sources(values: dict) -> bool:
    wanted = "own data needs --raw_dir, --name and --domain, and --format if several fit"
    if _is_given(values, "format", "name", "domain", "val_fraction", "colors"):
        if values["collection"] or values["dataset"]:
            raise flags.IllegalFlagValueError(f"{wanted}, and excludes --collection and --dataset")
        needed = () if values["check"] else ("raw_dir", "name", "domain")
        if not all(values[name] for name in needed):
            raise flags.IllegalFlagValueError(wanted)
    elif values["collection"] == "mini":
        if values["raw_dir"]:
            raise flags.IllegalFlagValueError(
                "--collection=mini is rendered from no files; leave --raw_dir out"
            )
    elif values["check"] and not values["dataset"] and not values["collection"]:
        return True  # Own data whose format is recognized.
    elif not values["raw_dir"] or len(values["dataset"]) != 1:
        raise flags.IllegalFlagValueError(
            "give --raw_dir and, with --dataset, the one of the paper's datasets that it holds"
        )
    return True


def _is_given(values: dict, *names: str) -> bool:
    # A --val_fraction of 0 counts as given; it is refused later.
    return any(values[name] is not None and values[name] != [] for name in names)
