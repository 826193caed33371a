"""foi-analyze: turns the results of a study into tables, figures and a report.

  foi-analyze --results=W/results --out=REPORT [--features=features.npz]
  foi-analyze --published [--out=REPORT]
  foi-analyze --compare=mini=REPORT,real=REPORT2

Prints the path of the report. --published analyzes the results that the paper's authors published:
it prints their main numbers, or with --out writes a report.

--features computes the distances between datasets. OUT/appearance then holds them as a table, with
t-SNE pictures of the images (Figure 3), and with how well gains follow distances, size and domain
(Table 10, with confidence intervals and permutation tests). --networks draws the features of
several networks there (Figure 3b and c).

--compare prints the paper's findings A1 to A10 as several studies show them, as Markdown. Each DIR
has a results.csv and, for findings that need distances, a distances.csv, as OUT has them.

Each backbone and each kind of initial weights in the rows is a scenario of Appendix B, and so is
each directory of --scenarios. The report says which gains keep their sign between two scenarios,
and which sources stay the best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags
from etils import epath

from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import Program
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the program."""
    place = {"flag_values": values}
    flags.DEFINE_string(
        "results",
        None,
        "Directory of result rows, which is searched with its subdirectories, or a results.csv.",
        **place,
    )
    flags.DEFINE_string(
        "out", None, "Directory to write report.html, tables and figures to.", **place
    )
    flags.DEFINE_bool(
        "published",
        False,
        "Analyze the results that the paper's authors published, instead of --results.",
        **place,
    )
    flags.DEFINE_string(
        "distances", None, "CSV of distances between datasets, for Tables 9 and 10.", **place
    )
    flags.DEFINE_list(
        "features",
        [],
        "Files of foi-features, or their directories, comma-separated, to compute distances from.",
        **place,
    )
    flags.DEFINE_list(
        "networks",
        [],
        "Files of foi-features, or their directories, comma-separated, with features of the same "
        "images by several networks, to draw together.",
        **place,
    )
    flags.DEFINE_list(
        "scenarios",
        [],
        "Results to compare with --results: NAME=DIR, comma-separated, as fixed_size=W2/results, "
        "which fills Table A.1.",
        **place,
    )
    flags.DEFINE_list(
        "compare", [], "Studies to compare with each other: NAME=DIR, comma-separated.", **place
    )
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
    """Checks that the flags fit together; raises ValidationError if not."""
    if given["compare"]:
        if any(given[name] for name in given if name != "compare"):
            raise flags.ValidationError("--compare takes no other flag")
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
        raise flags.ValidationError("give either --distances or --features, not both")
    return _check_names("scenarios", given["scenarios"])


def _check_names(flag: str, given: Sequence[str]) -> bool:
    """Checks that the values of a flag are NAME=DIR; raises ValidationError if not."""
    named = _split_names(given)
    if len(named) < len(given) or not all(x and y for x, y in named.items()):
        raise flags.ValidationError(f"--{flag} takes NAME=DIR, with each name once")
    return True


def _split_names(given: Sequence[str]) -> dict[str, str]:
    """Splits texts NAME=DIR into a dictionary; a repeated name counts once."""
    split = (text.partition("=") for text in given)
    return {name: directory for name, _, directory in split}


def _analyze(values: flags.FlagValues) -> None:
    """Runs the part of the program that the flags ask for."""
    if values.published:
        _print_published(values.out)
    elif values.compare:
        _print_comparison(_split_names(values.compare))
    else:
        _write_report(values)


def _write_report(values: flags.FlagValues) -> None:
    """Writes the report of --results, and prints its path."""
    from foi_tf.analysis.measures import distance
    from foi_tf.analysis.measures.study_analysis import StudyAnalysis
    from foi_tf.analysis.report import domain_report
    from foi_tf.analysis.report.report import write_report
    from foi_tf.study import data_warnings, feature_files, image_statistics, results

    rows = results.load(values.results)
    appearance = epath.Path(values.out) / "appearance"
    if values.features:
        features = feature_files.load_all_features(values.features)
        plain = [each for each in features if each.points is None]
        distances = domain_report.write_distances(plain, appearance)
    else:
        distances = distance.read_distances(values.distances) if values.distances else None
    images = image_statistics.find_statistics(values.results)
    in_folder = epath.Path(values.results).is_dir()
    warnings = data_warnings.find_warnings(values.results) if in_folder else {}
    analysis = StudyAnalysis(rows, images=images, distances=distances, warnings=warnings)
    for name, texts in analysis.warnings.items():
        console.print_note(
            f"{name}: {count_noun(len(texts), 'warning')} on its data, see the report"
        )
    if values.features:
        domain_report.write_agreement(analysis.mean_gains, distances, appearance)
    if values.networks:
        networks = feature_files.load_all_features(values.networks)
        domain_report.write_networks(networks, appearance)
    named = _split_names(values.scenarios).items()
    others = {
        name: StudyAnalysis(results.load(place), images=image_statistics.find_statistics(place))
        for name, place in named
    }
    print(write_report(analysis, values.out, others))


def _print_comparison(studies: Mapping[str, str]) -> None:
    """Prints the findings of several studies, whose directories are given by name."""
    from foi_tf.analysis.findings import comparison
    from foi_tf.analysis.measures.pretrainings import compare_pretrainings

    loaded = {name: comparison.load_study(place) for name, place in studies.items()}
    for sentence in compare_pretrainings({name: one.rows for name, one in loaded.items()}):
        console.print_note(sentence)
    judged = {name: comparison.judge_study(one, studies[name]) for name, one in loaded.items()}
    print(comparison.compare_as_markdown(judged), end="")


def _print_published(out: str | None) -> None:
    """Prints what the published results say, or writes their report and prints its path."""
    from foi_tf.analysis.measures.published_results import load_published_results
    from foi_tf.analysis.report import published_tables, report, tables

    if out:
        print(report.write_published(out))
        return
    published = load_published_results()
    sentences = published_tables.describe_published(published)
    print("\n".join(f"- {sentence}" for sentence in sentences))
    for one in published_tables.build_published_tables(published)[-2:]:
        print(f"\n{tables.to_markdown(one)}", end="")


PROGRAM = Program("foi-analyze", __doc__, _define_flags, _analyze)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
