"""The analysis of results as files: tables, figures and one HTML page."""

import pandas as pd
from etils import epath

from foi_tf import files, progress
from foi_tf.analysis import gains, page, plots, sections, tables
from foi_tf.study.results import NO_SOURCE


def write(results: pd.DataFrame, directory: epath.PathLike) -> epath.Path:
    """Analyses results and writes everything that comes of it.

    Into `directory`: `report.html`, which needs no other file; `gains.csv`, a line a
    chain; `tables/`, each as CSV of gains and of values and as Markdown; `figures/`, their
    heat maps. What other files stand there stays.

    Args:
      results: as `foi_tf.study.results.load` returns them.

    Returns:
      The path of the report.

    Raises:
      FoiError: the directory cannot be written, or a row names an unknown metric.
    """
    directory = epath.Path(directory)
    chains = gains.with_gains(results)
    files.write_text(directory / "gains.csv", tables.long_csv(chains))
    found = tables.tables(chains)
    parts = [
        (table, _write_table(table, directory))
        for table in progress.track(found, "tables", len(found), unit="table")
    ]
    content = {
        "What was run": sections.runs(results, chains),
        "Summary": sections.shares(chains),
        "Best source of each target": sections.best(chains),
        "All transfers": sections.transfers(parts),
        "What to keep in mind": sections.notes(results, chains),
        "Provenance": sections.provenance(results),
    }
    report = directory / "report.html"
    files.write_text(report, page.page("Transfer gains", sections.INTRODUCTION, content))
    return report


def _write_table(table: tables.Table, directory: epath.Path) -> bytes | None:
    for statistic in ("gain", "value"):
        path = directory / "tables" / f"{table.name}-{statistic}.csv"
        files.write_text(path, tables.wide_csv(table, statistic))
    files.write_text(directory / "tables" / f"{table.name}.md", tables.markdown(table))
    if set(table.cells["gain"].columns.get_level_values("source")) == {NO_SOURCE}:
        return None  # The baseline alone has no gain to show.
    figure = directory / "figures" / f"{table.name}.png"
    plots.gain_heat_map(table, figure)
    return figure.read_bytes()
