"""foi-rates: writes a configuration with a learning rate for each target.

  foi-plan --collection=mini --baselines --select_lr=validation ... --workdir=W | foi-run
  foi-rates --results=W/results --config=mini --out=W/mini.yaml
  foi-plan --collection=mini --config=W/mini.yaml ... | foi-run

The first command trains the chains without a source, with several learning rates for each target.
The best one, or a lower one that is as good up to the noise of a run, becomes the rate of all
chains of that target that are trained with the new file.
Prints a table: target, its learning rate, the results with each rate that was tried.
"""

from absl import flags

from foi_tf.bin._shared import console, training_flags
from foi_tf.bin._shared.program import Program, require
from foi_tf.errors import FoiError


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string("results", None, "Directory of the result rows to read.", **place)
    training_flags.define_config(values, "the one that the results were made with.", True)
    flags.DEFINE_string(
        "out", None, "Configuration file to write; its name ends in .yaml.", **place
    )
    require(values, "results", "out")
    flags.register_validator(
        "out", lambda path: path.endswith(".yaml"), "must end in .yaml", values
    )


def _write_rates(values: flags.FlagValues) -> None:
    import yaml

    from foi_tf import files
    from foi_tf.study import config_files, learning_rates, results
    from foi_tf.study.results import NO_SOURCE

    found = results.load(values.results)
    raw = config_files.read_config_file(values.config, values.set)
    try:
        chosen = learning_rates.choose_rates(found)
        refined = learning_rates.refine_config(raw, chosen)
    except FoiError as error:
        raise FoiError(f"{values.results}: {error}") from error
    base = " ".join([values.config, *(f"--set={one}" for one in values.set)])
    header = f"# {base} with the best of the rates tried for each target (foi-rates)."
    header = " ".join(header.split()) + "\n"  # One line, whatever --set has.
    files.write_text(values.out, header + yaml.safe_dump(refined, default_flow_style=None))
    own = found[(found.selection == "validation") & (found.source == NO_SOURCE)]
    tried = own.set_index(["target", "target_type"]).candidates
    lines = [
        (task, f"{rate:g}", " ".join(tried.loc[[(task.dataset, task.type)]]))
        for task, rate in chosen.items()
    ]
    console.print_table(["target", "learning_rate", "tried"], lines)


PROGRAM = Program("foi-rates", __doc__, _define_flags, _write_rates)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
