"""Writes the analysis of results as files: tables, figures and one HTML page."""

from collections.abc import Mapping, Sequence

import pandas as pd
from etils import epath

from foi_tf import files, progress
from foi_tf.analysis.findings.evidence import Finding
from foi_tf.analysis.findings.findings import judge_networks
from foi_tf.analysis.measures import class_gains
from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.measures.answers import find_answers
from foi_tf.analysis.measures.depth_accuracy import compute_delta1_gains
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.pretrainings import compare_pretrainings
from foi_tf.analysis.measures.published_results import load_published_results
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.measures.validation_results import collect_runs
from foi_tf.analysis.report import (
    answer_section,
    heat_map,
    html_page,
    plots,
    published_tables,
    sections,
    tables,
    warned_data,
)
from foi_tf.analysis.report.best_source_tables import build_best_source_tables
from foi_tf.analysis.report.cost_tables import build_cost_tables
from foi_tf.analysis.report.depth_accuracy_tables import build_depth_accuracy_tables
from foi_tf.analysis.report.distance_tables import build_distance_tables
from foi_tf.analysis.report.finding_tables import build_finding_table
from foi_tf.analysis.report.noise_tables import build_noise_tables
from foi_tf.analysis.report.paper_tables import (
    FIXED_SIZE,
    FIXED_SIZE_SCENARIO,
    build_paper_tables,
)
from foi_tf.analysis.report.part_tables import build_part_tables
from foi_tf.analysis.report.run_tables import build_run_tables
from foi_tf.analysis.report.scenario_tables import build_scenario_tables
from foi_tf.analysis.report.start_tables import build_answer_table
from foi_tf.analysis.report.summary_tables import build_summary_tables
from foi_tf.analysis.report.tables import Table, network_name
from foi_tf.analysis.report.validation_tables import build_table3
from foi_tf.analysis.report.variance_tables import build_variance_tables
from foi_tf.study import results

FORMATS = {"csv": tables.to_csv, "md": tables.to_markdown, "tex": tables.to_latex}


def write_report(
    analysis: StudyAnalysis,
    directory: epath.PathLike,
    others: Mapping[str, StudyAnalysis] | None = None,
) -> epath.Path:
    """Writes tables, figures and a report of a study.

    `directory` gets `report.html`, which needs no other file; `results.csv`, all rows, which
    `foi_tf.study.results.load` reads; `gains.csv`, a line a chain; where evaluations kept
    statistics, `class_gains.csv`, a line a chain and class or size of objects, and
    `image_gains.csv`, a line a chain; `tables/`, each as CSV, Markdown and LaTeX; `figures/`, heat
    maps as SVG, and plots as PNG and SVG. Other files in it stay.

    Args:
      analysis: of the results of the study.
      others: more studies, by the name of a scenario that rows do not tell; that named
        "fixed_size" fills Table A.1, and all are compared with the rest.

    Returns:
      The path of the report.

    Raises:
      FoiError: the directory cannot be written, a row names an unknown metric, or image
        statistics do not belong to their row.
    """
    directory, others = epath.Path(directory), others or {}
    table = analysis.chains.to_csv(index=False, lineterminator="\n")
    files.write_text(directory / "results.csv", results.to_csv(analysis.results))
    files.write_text(directory / "gains.csv", table)
    parts, by_image = class_gains.compute_part_gains(analysis)
    for name, frame in (("class_gains", parts), ("image_gains", by_image)):
        if len(frame):
            text = frame.to_csv(index=False, lineterminator="\n")
            files.write_text(directory / f"{name}.csv", text)
    judged = judge_networks(analysis)
    answers = find_answers(analysis, parts)
    found = build_tables(analysis, judged, others, answers)
    found["parts"] = build_part_tables(parts, by_image)
    validation, left_out = collect_runs(analysis.results)
    if len(validation):
        found["validation"] = [build_table3(validation)]
    found = {
        part: [warned_data.mark_names(one, [*analysis.warnings]) for one in group]
        for part, group in found.items()
    }
    _write_tables([one for group in found.values() for one in group], directory)
    figures = "".join(
        _write_figures(own, network, directory / "figures")
        for network, own in analysis.networks.items()
    )
    left_out = list(dict.fromkeys([*analysis.left_out, *left_out]))
    for name, other in others.items():
        left_out += [f"{name}: {sentence}" for sentence in other.left_out]
    studies = {"these results": analysis.rows, **{name: x.rows for name, x in others.items()}}
    left_out += compare_pretrainings(studies)
    content = sections.render_sections(analysis, judged, found, answers, figures, left_out)
    heading, introduction = answer_section.render_head(answers)
    folded = [name for name in content if name not in sections.OPEN]
    page = html_page.render_page(
        answer_section.TITLE, introduction, content, heading=heading, folded=folded
    )
    return _write_page(directory, page)


def build_tables(
    analysis: StudyAnalysis,
    judged: Mapping[tuple[str, str], Sequence[Finding]],
    others: Mapping[str, StudyAnalysis],
    answers: Sequence[Answer] = (),
) -> dict[str, list[Table]]:
    """Builds all tables of a study, by the part of the report that shows them.

    Args:
      analysis: of the results of the study.
      judged: the findings of each (backbone, family).
      others: more studies by scenario, see `write_report`.
      answers: for each target.
    """
    rows, chains, distances = analysis.rows, analysis.chains, analysis.distances
    fixed = []
    if FIXED_SIZE_SCENARIO in others:
        fixed = build_paper_tables(others[FIXED_SIZE_SCENARIO].chains, [FIXED_SIZE])
    several = [answer for answer in answers if len(answer.starts) > 1]
    return {
        "answers": [build_answer_table(several)] if several else [],
        "summary": [*build_summary_tables(chains), *build_variance_tables(chains)],
        "best": build_best_source_tables(chains),
        "transfers": [
            *build_paper_tables(chains),
            *build_depth_accuracy_tables(compute_delta1_gains(analysis)),
            *(table for table in fixed if table.id == FIXED_SIZE.id),
        ],
        "scenarios": build_scenario_tables(analysis, others),
        "distances": [] if distances is None else build_distance_tables(chains, distances),
        "costs": build_cost_tables(rows, chains),
        "noise": build_noise_tables(analysis.noise),
        "runs": build_run_tables(rows, chains),
        "findings": [
            build_finding_table(found, network_name(*key), key) for key, found in judged.items()
        ],
    }


def write_published(directory: epath.PathLike) -> epath.Path:
    """Writes tables, figures and a report of the published results, as `write_report` does.

    Raises:
      FoiError: the directory cannot be written.
    """
    directory = epath.Path(directory)
    published = load_published_results()
    found = published_tables.build_published_tables(published)
    _write_tables(found, directory)
    ranks, values, best, rules = found
    sentences = published_tables.describe_published(published)
    content = {"What they say": html_page.render_list(sentences)}
    content |= {one.title: html_page.render_table(one) for one in (rules, best, ranks, values)}
    page = html_page.render_page("Published results", published_tables.INTRODUCTION, content)
    return _write_page(directory, page)


def _write_page(directory: epath.Path, page: str) -> epath.Path:
    """Writes the HTML page and returns its path."""
    path = directory / "report.html"
    files.write_text(path, page)
    return path


def _write_tables(found: Sequence[Table], directory: epath.Path) -> None:
    """Writes each table in all `FORMATS`, and draws matrices of targets and sources.

    Those with absolute values, which repeat the gains of others, are not drawn.
    """
    for one in progress.track(found, "tables", len(found), unit="table"):
        for suffix, write_as in FORMATS.items():
            files.write_text(directory / "tables" / f"{one.name}.{suffix}", write_as(one))
        if one.matrix:
            drawn = heat_map.draw_heat_map(one)
            files.write_text(directory / "figures" / f"{one.name}.svg", drawn)


def _write_figures(chains: pd.DataFrame, network: tuple[str, str], directory: epath.Path) -> str:
    """Writes the overview figures of one (backbone, family), and returns them as HTML."""
    sourced = transfers(chains)
    text, name = network_name(*network), tables.file_slug(*network)
    drawn = plots.draw_overviews(sourced, directory, name)
    return "".join(
        html_page.render_figure(svg, stem, f"{title}, {text}")
        for stem, (title, svg) in drawn.items()
    )
