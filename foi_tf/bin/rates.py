"""foi-rates: writes a configuration with the learning rate that suits each target best.

  foi-plan --collection=mini --baselines --select_lr=validation ... --workdir=W | foi-run
  foi-rates --results=W/results --config=mini --out=W/mini.yaml

Of the rates that --select_lr=validation tried on the chains without a source, the best one becomes
the rate of all chains of that target, given --config=W/mini.yaml. Prints target, rate and what
was reached with each, tab-separated.
"""

from absl import flags

from foi_tf.bin._shared import command_line
from foi_tf.errors import FoiError

VALUES = flags.FlagValues()
_PLACE = {"flag_values": VALUES}
flags.DEFINE_string("results", None, "Directory of result rows.", **_PLACE)
flags.DEFINE_string("config", None, "The configuration that they were made with.", **_PLACE)
flags.DEFINE_string("out", None, "File to write, .yaml.", **_PLACE)
flags.mark_flags_as_required(["results", "config", "out"], VALUES)
flags.register_validator("out", lambda path: path.endswith(".yaml"), "must end in .yaml", VALUES)


def main() -> None:
    """The console script."""
    command_line.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    import yaml

    from foi_tf import files
    from foi_tf.study import configuration, learning_rates, results

    found = results.load(values.results)
    raw = configuration.read_config_file(values.config)
    try:
        chosen = learning_rates.choose_rates(found)
        refined = learning_rates.refine_config(raw, chosen)
    except FoiError as error:
        raise FoiError(f"{values.results}: {error}") from error
    header = f"# {values.config} with the best of the rates tried for each target (foi-rates).\n"
    files.write_text(values.out, header + yaml.safe_dump(refined, default_flow_style=None))
    tried = found[found.selection == "validation"].set_index(["target", "target_type"]).candidates
    lines = [
        (task, f"{rate:g}", " ".join(tried.loc[[(task.dataset, task.type)]]))
        for task, rate in chosen.items()
    ]
    command_line.table(["target", "learning_rate", "tried"], lines)


if __name__ == "__main__":
    main()
