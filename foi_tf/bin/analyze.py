"""Turns the results of a study into tables, figures and a report.

Prints the path of the report on stdout.
"""

from absl import flags

from foi_tf.analysis import report
from foi_tf.bin import cli
from foi_tf.study import results


def main() -> None:
    """The program `foi-analyze`."""
    values = flags.FlagValues()
    flags.DEFINE_string(
        "results", None, "Directory of result rows, searched with those in it.",
        required=True, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "out", None, "Directory to write report.html, tables and figures to.",
        required=True, flag_values=values,
    )  # fmt: skip
    cli.run(_analyze, values, __doc__)


def _analyze(values: flags.FlagValues) -> None:
    print(report.write(results.load(values.results), values.out))


if __name__ == "__main__":
    main()
