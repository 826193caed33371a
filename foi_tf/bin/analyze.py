"""Turns the results of a study into tables, figures and a report.

With --published, the results that the paper's authors published take the place of --results:
what they say goes to stdout, and with --out a report is written of them. Otherwise prints the path
of the report on stdout.

With --features, the distances between the datasets are computed, and OUT/appearance gets them as
a table, t-SNE pictures of the images (Figure 3), and how well gains follow distances, size and
domain (Table 10, with confidence intervals and permutation tests). --networks takes features of the
same images by several networks and draws them together there (Figure 3b and c).

With --compare, prints the paper's findings A1 to A10 as several studies have them, as Markdown:
each NAME=DIR has results.csv and, for what needs distances, distances.csv, as OUT has them.

Each backbone and initial weights in the rows is a scenario of Appendix B, and so are rows of a
directory of --scenarios: which gains keep their sign between two, and which sources stay best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from etils import epath

from foi_tf.bin._shared.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string(
        "results",
        None,
        "Directory of result rows, searched with those in it, or a results.csv.",
        **place,
    )
    flags.DEFINE_string(
        "out", None, "Directory to write report.html, tables and figures to.", **place
    )
    flags.DEFINE_bool("published", False, "Analyze the published results instead.", **place)
    flags.DEFINE_string(
        "distances", None, "CSV of distances between datasets, for Tables 9 and 10.", **place
    )
    flags.DEFINE_list(
        "features", [], "Files of foi-features, or their directories, to take distances from.",
        **place,
    )  # fmt: skip
    flags.DEFINE_list(
        "networks", [], "As --features, of the same images by several networks.", **place
    )
    flags.DEFINE_list(
        "scenarios", [],
        "More rows, of scenarios that rows do not tell, to be held against --results: NAME=DIR,... "
        "as in fixed_size=W2/results, which fills Table A.1.", **place
    )  # fmt: skip
    flags.DEFINE_list("compare", [], "Studies to hold against each other: NAME=DIR,...", **place)
    flags.register_multi_flags_validator(
        [
            "compare",
            "results",
            "out",
            "published",
            "distances",
            "features",
            "networks",
            "scenarios",
        ],
        _check,
        flag_values=values,
    )


def _check(given: dict) -> bool:
    if given["compare"]:
        if any(given[name] for name in given if name != "compare"):
            raise flags.ValidationError("--compare goes alone")
        return _check_names("compare", given["compare"])
    if given["published"]:
        for name in ("results", "distances", "features", "networks", "scenarios"):
            if given[name]:
                raise flags.ValidationError(f"--published takes no --{name}")
        return True
    for name in ("results", "out"):
        if not given[name]:
            raise flags.ValidationError(f"--{name} is required without --published")
    if given["distances"] and given["features"]:
        raise flags.ValidationError("give either --distances or --features")
    return _check_names("scenarios", given["scenarios"])


def _check_names(flag: str, given: Sequence[str]) -> bool:
    named = _named(given)
    if len(named) < len(given) or not all(x and y for x, y in named.items()):
        raise flags.ValidationError(f"--{flag} takes NAME=DIR, each name once")
    return True


def _named(given: Sequence[str]) -> dict[str, str]:
    split = (text.partition("=") for text in given)
    return {name: directory for name, _, directory in split}


def _analyze(values: flags.FlagValues) -> None:
    from foi_tf.analysis.findings import comparison
    from foi_tf.analysis.measures import domain_distance
    from foi_tf.analysis.report import domain_report, report
    from foi_tf.study import feature_files, image_statistics, results

    if values.published:
        _published(values.out)
        return
    if values.compare:
        judged = {
            name: comparison.judge_directory(place)
            for name, place in _named(values.compare).items()
        }
        print(comparison.compare_as_markdown(judged), end="")
        return
    found = results.load(values.results)
    distances = domain_distance.read(values.distances) if values.distances else None
    if values.features:
        distances = _appearance(values, found)
    if values.networks:
        domain_report.write_networks(
            feature_files.load_all_features(values.networks), _place(values)
        )
    others = {name: results.load(place) for name, place in _named(values.scenarios).items()}
    print(
        report.write(
            found,
            values.out,
            images=image_statistics.find_statistics(values.results)
            if epath.Path(values.results).is_dir()
            else {},
            distances=distances,
            others=others,
        )
    )


def _appearance(values: flags.FlagValues, found: pd.DataFrame) -> pd.DataFrame:
    from foi_tf.analysis.measures import gains, screening
    from foi_tf.analysis.report import domain_report
    from foi_tf.study import feature_files

    features = feature_files.load_all_features(values.features)
    place = _place(values)
    distances = domain_report.write_distances(
        [each for each in features if each.points is None], place
    )
    chosen, _ = screening.screen(found)  # Whose intervals, drawn from images, are not of use here.
    domain_report.write_agreement(gains.with_gains(chosen), distances, place)
    return distances


def _place(values: flags.FlagValues) -> epath.Path:
    return epath.Path(values.out) / "appearance"


def _published(out: str | None) -> None:
    from foi_tf.analysis.report import published_tables, report, tables

    if out:
        print(report.write_published(out))
        return
    frame = published_tables.load()
    print("\n".join(f"- {fact}" for fact in published_tables.facts(frame)))
    for one in published_tables.sheets(frame)[-2:]:
        print(f"\n{tables.to_markdown(one)}", end="")


PROGRAM = Program("foi-analyze", __doc__, _define_flags, _analyze)


def main() -> None:
    """Runs the console script."""
    PROGRAM.main()


if __name__ == "__main__":
    main()
