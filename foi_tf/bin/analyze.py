"""Turns the results of a study into tables, figures and a report.

With --published, the results that the paper's authors published take the place of --results:
what they say goes to stdout, and with --out a report is written of them. Otherwise prints the path
of the report on stdout.

With --features, the distances between the datasets are computed, and OUT/appearance gets them as
a table, t-SNE pictures of the images (Figure 3), and how well gains follow distances, size and
domain (Table 10, with confidence intervals and permutation tests).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from etils import epath

from foi_tf.bin import cli

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def main() -> None:
    """The program `foi-analyze`."""
    values = flags.FlagValues()
    place = {"flag_values": values}
    flags.DEFINE_string(
        "results", None, "Directory of result rows, searched with those in it.", **place
    )
    flags.DEFINE_string(
        "out", None, "Directory to write report.html, tables and figures to.", **place
    )
    flags.DEFINE_bool("published", False, "Analyse the published results instead.", **place)
    flags.DEFINE_string(
        "distances", None, "CSV of distances between datasets, for Tables 9 and 10.", **place
    )
    flags.DEFINE_list(
        "features", [], "Files of foi-features, or their directories, to take distances from.",
        **place,
    )  # fmt: skip
    flags.DEFINE_string(
        "fixed_size", None,
        "Directory of result rows with one input size for all datasets, for Table A.1.", **place
    )  # fmt: skip
    flags.register_multi_flags_validator(
        ["results", "out", "published", "distances", "features", "fixed_size"],
        _check,
        flag_values=values,
    )
    cli.run(_analyze, values, __doc__)


def _check(given: dict) -> bool:
    if given["published"]:
        for name in ("results", "distances", "features", "fixed_size"):
            if given[name]:
                raise flags.ValidationError(f"--published takes no --{name}")
        return True
    for name in ("results", "out"):
        if not given[name]:
            raise flags.ValidationError(f"--{name} is required without --published")
    if given["distances"] and given["features"]:
        raise flags.ValidationError("give either --distances or --features")
    return True


def _analyze(values: flags.FlagValues) -> None:
    from foi_tf.analysis import domains, report
    from foi_tf.study import images, results

    if values.published:
        _published(values.out)
        return
    rows, of_images = results.load(values.results), images.find(values.results)
    distances = domains.read(values.distances) if values.distances else None
    if values.features:
        distances = _appearance(values, rows, of_images)
    fixed_size = results.load(values.fixed_size) if values.fixed_size else None
    print(
        report.write(rows, values.out, images=of_images, distances=distances, fixed_size=fixed_size)
    )


def _appearance(
    values: flags.FlagValues, rows: pd.DataFrame, of_images: Mapping[str, epath.Path]
) -> pd.DataFrame:
    from foi_tf.analysis import appearance, checks, gains
    from foi_tf.study import features as feature_files

    features = feature_files.load_all(values.features)
    place = epath.Path(values.out) / "appearance"
    distances = appearance.write([each for each in features if each.points is None], place)
    chosen, _ = checks.screen(rows)
    chains = gains.with_gains(chosen, of_images)
    appearance.write_agreement(chains, distances, place)
    return distances


def _published(out: str | None) -> None:
    from foi_tf.analysis import published, report, sheet

    if out:
        print(report.write_published(out))
        return
    frame = published.load()
    print("\n".join(f"- {fact}" for fact in published.facts(frame)))
    for one in published.sheets(frame)[-2:]:
        print(f"\n{sheet.markdown(one)}", end="")


if __name__ == "__main__":
    main()
