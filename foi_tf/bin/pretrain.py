"""foi-pretrain: trains a backbone for classification on ILSVRC, the chains' first point."""

from absl import flags

from foi_tf.bin import cli, links

VALUES = flags.FlagValues()
links.define_run(VALUES)


def main() -> None:
    """The console script."""
    cli.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    from foi_tf.training import runs

    links.print_finished(runs.pretrain(links.setup(values), values.init), values.workdir)


if __name__ == "__main__":
    main()
