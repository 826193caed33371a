"""The analysis of results as files: tables, figures and one HTML page."""

from collections.abc import Mapping, Sequence

import pandas as pd
from etils import epath

from foi_tf import files, progress
from foi_tf.analysis.findings import leave_one_out
from foi_tf.analysis.measures import (
    chain_costs,
    domain_distance,
    gains,
    screening,
    summary,
    variance,
)
from foi_tf.analysis.report import (
    html_page,
    paper_tables,
    plots,
    published_tables,
    scenario_tables,
    sections,
    tables,
)
from foi_tf.analysis.report.tables import Table
from foi_tf.study import results as rows

FORMATS = {"csv": tables.to_csv, "md": tables.to_markdown, "tex": tables.to_latex}


def write(
    results: pd.DataFrame,
    directory: epath.PathLike,
    *,
    images: Mapping[str, epath.Path] | None = None,
    distances: pd.DataFrame | None = None,
    others: Mapping[str, pd.DataFrame] | None = None,
) -> epath.Path:
    """Analyzes results and writes everything that comes of it.

    Into `directory`: `report.html`, which needs no other file; `results.csv`, all rows, which
    `foi_tf.study.results.load` reads; `gains.csv`, a line a chain; `tables/`, each as CSV,
    Markdown and LaTeX; `figures/`, PNG and SVG. What other files stand there stays.

    Args:
      results: as `foi_tf.study.results.load` returns them.
      images: what `foi_tf.study.image_statistics.find_statistics` found beside them.
      distances: between datasets, see `foi_tf.analysis.measures.domain_distance.read`.
      others: more results, by the name of a scenario that rows do not tell; those of
        "fixed_size" fill Table A.1, and all are held against the rest.

    Returns:
      The path of the report.

    Raises:
      FoiError: the directory cannot be written, a row names an unknown metric, or image
        statistics do not belong to their row.
    """
    directory = epath.Path(directory)
    table = rows.to_csv(results)
    results, said = screening.screen(results)
    chains = gains.with_gains(results, images)
    files.write_text(directory / "results.csv", table)
    files.write_text(directory / "gains.csv", chains.to_csv(index=False, lineterminator="\n"))
    networks = summary.networks(chains)
    others, said_of_others = _others(others or {})
    runs = gains.seed_gains(results)
    judged = [
        (
            sections.network(*key),
            key,
            leave_one_out.judge_leaving_one_out(own, _runs(runs, key), distances),
        )
        for key, own in networks.items()
    ]
    found = {
        "summary": [*summary.sheets(chains), *variance.sheets(chains)],
        "best": sections.best_sheets(chains),
        "transfers": [*paper_tables.paper_tables(chains), *_fixed(others)],
        "scenarios": scenario_tables.sheets(_scenarios(chains, others)),
        "distances": [] if distances is None else domain_distance.sheets(chains, distances),
        "costs": chain_costs.sheets(results, chains),
        "runs": sections.run_sheets(results, chains),
        "findings": [sections.evidence_sheet(own, name, key) for name, key, own in judged],
    }
    _write_tables([one for group in found.values() for one in group], directory)
    drawn = "".join(_figures(own, key, directory / "figures") for key, own in networks.items())
    content = {
        "Findings": sections.findings((name, found) for name, _, found in judged),
        "Summary": drawn + sections.tables(found["summary"]),
        "Best sources": sections.tables(found["best"]),
        "All transfers": sections.tables(found["transfers"], legend=sections.LEGEND),
        "Scenarios": sections.tables(found["scenarios"]),
        "Distances": sections.tables(found["distances"]),
        "Left out and missing": sections.left_out([*said, *said_of_others], results, chains),
        "Costs": sections.tables(found["costs"]),
        "Provenance": sections.provenance() + sections.tables(found["runs"]),
    }
    if distances is None:
        del content["Distances"]
    if not found["scenarios"]:
        del content["Scenarios"]
    return _write_page(directory, "Transfer gains", sections.INTRODUCTION, content)


def write_published(directory: epath.PathLike) -> epath.Path:
    """Writes tables, figures and a report of the published results, as `write` does.

    Raises:
      FoiError: the directory cannot be written.
    """
    directory = epath.Path(directory)
    frame = published_tables.load()
    found = published_tables.sheets(frame)
    _write_tables(found, directory)
    ranks, values, best, rules = found
    content = {
        "What they say": html_page.render_list(published_tables.facts(frame)),
        rules.title: html_page.render_table(rules),
        best.title: html_page.render_table(best),
        ranks.title: html_page.render_table(ranks),
        values.title: html_page.render_table(values),
    }
    return _write_page(directory, "Published results", published_tables.INTRODUCTION, content)


def _write_page(
    directory: epath.Path, title: str, introduction: str, content: Mapping[str, str]
) -> epath.Path:
    path = directory / "report.html"
    files.write_text(path, html_page.render_page(title, introduction, content))
    return path


def _runs(runs: pd.DataFrame, network: tuple[str, str]) -> pd.DataFrame:
    """Those of one backbone and family."""
    return runs[(runs.backbone == network[0]) & (runs.family == network[1])]


def _others(
    found: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The chains of further results by scenario, and what was left out of them."""
    chains, said = {}, []
    for name, results in found.items():
        screened, sentences = screening.screen(results)
        chains[name] = gains.with_gains(screened)
        said += [f"{name}: {sentence}" for sentence in sentences]
    return chains, said


def _fixed(others: Mapping[str, pd.DataFrame]) -> list[Table]:
    """Table A.1."""
    if scenario_tables.FIXED_SIZE not in others:
        return []
    found = paper_tables.paper_tables(others[scenario_tables.FIXED_SIZE], [paper_tables.FIXED_SIZE])
    return [one for one in found if one.id == paper_tables.FIXED_SIZE.id]


def _scenarios(chains: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    found = scenario_tables.networks(chains)
    for name, own in others.items():
        found |= scenario_tables.networks(own, name)
    return found


def _write_tables(found: Sequence[Table], directory: epath.Path) -> None:
    """Writes each table in all `FORMATS`, and draws the numbered and the colored ones.

    Those with absolute values, which repeat the gains of others, become SVG alone.
    """
    for one in progress.track(found, "tables", len(found), unit="table"):
        for suffix, write_as in FORMATS.items():
            files.write_text(directory / "tables" / f"{one.name}.{suffix}", write_as(one))
        if one.id or one.shades is not None:
            stem = directory / "figures" / one.name
            plots.draw_heat_map(one, stem, png=not one.id.startswith("A."))


def _figures(chains: pd.DataFrame, key: tuple[str, str], directory: epath.Path) -> str:
    """The overview figures of one network, as HTML."""
    network = sections.network(*key)
    sourced = gains.transfers(chains)
    if sourced.gain.notna().sum() == 0:
        return ""
    name = tables.file_slug(*key)
    levels = plots.draw_levels(sourced, directory / f"levels-{name}")
    sizes = plots.draw_gain_against_size(sourced, directory / f"size-{name}")
    return html_page.render_figure(
        levels, f"levels-{name}", f"How often transfer helps and harms, {network}"
    ) + html_page.render_figure(sizes, f"size-{name}", f"Gain and size of the source, {network}")
