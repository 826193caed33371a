"""Builds the tables that compare scenarios with each other (Section 7, Appendix B)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from foi_tf.analysis.measures.scenario_comparison import (
    ScenarioPair,
    compare_best_sources,
    compare_scenarios,
    pair_scenarios,
    self_supervised_effects,
)
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.tables import Table, format_cells, network_name
from foi_tf.study.table_texts import setting_text

_WORDS = ["setting", "task type", "scenario", "held against"]


def name_scenarios(analysis: StudyAnalysis, name: str = "") -> dict[str, pd.DataFrame]:
    """Returns the chains of each network of a study by the name of their scenario in tables.

    Args:
      name: the name of the scenario, if all rows of the study belong to one.
    """
    prefix = f"{name}: " if name else ""
    return {
        prefix + network_name(*network): chains
        for network, chains in sorted(analysis.networks.items(), key=lambda x: x[0])
    }


def build_scenario_tables(
    analysis: StudyAnalysis, others: Mapping[str, StudyAnalysis]
) -> list[Table]:
    """Builds the comparison of each scenario with each other one, and of self-supervised sources.

    Each network of a study is a scenario. Scenarios without a chain with a gain in common are not
    compared.

    Args:
      analysis: of the results of the study.
      others: more studies, each with all of its rows of one scenario, by the scenario's name.
    """
    scenarios = name_scenarios(analysis)
    for name, other in others.items():
        scenarios |= name_scenarios(other, name)
    pairs = list(pair_scenarios(scenarios))
    found = [_comparison_table(pairs), _best_source_table(pairs)] if pairs else []
    return [*found, *_self_supervised_tables(scenarios)]


def _comparison_table(pairs: Sequence[ScenarioPair]) -> Table:
    """Builds the table of how gains change between scenarios."""
    names = {
        "chains": "# chains", "value": "metric, mean change",
        "baseline": "baselines, mean change", "beyond": "# beyond 2 %",
        "same_sign": "same sign, %", "kept": "same sign and beyond 2 %",
        "turned": "N turned P, %", "stronger": "stronger, %", "targets": "# targets with P",
        "best": "best source kept, %", "three": "best or best three kept, %",
    }  # fmt: skip
    lines = []
    for *words, one, other in pairs:
        numbers = compare_scenarios(one, other)
        lines.append(
            dict(zip(_WORDS, words, strict=True))
            | {names[name]: value for name, value in numbers.items()}
        )
    data = pd.DataFrame(lines)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in names.values()}
    formats |= {names[name]: "+.3f" for name in ("value", "baseline")}
    return Table(
        id="",
        title="Gains of one scenario in another",
        scope=("scenarios",),
        data=data,
        texts=format_cells(data, words=len(_WORDS), **formats),
        words=len(_WORDS),
        notes=[
            "Of the chains that both have. Beyond 2 % are the gains of the first scenario "
            "that are P or N; changes are from the first to the second, in the "
            "metric's unit."
        ],
    )


def _best_source_table(pairs: Sequence[ScenarioPair]) -> Table:
    """Builds the table of best sources of one scenario beside those of the other."""
    kept = {"best": "yes", "three": "among the same three", "no": "no"}
    lines = []
    for *names, one, other in pairs:
        for row in compare_best_sources(one, other).itertuples():
            gains = row.gain, row.gain_2, row.best_gain_2
            lines.append((*names, row.target, row.source, row.best_2, kept[row.kept], *gains))
    words = [*_WORDS, "target", "best source", "best there", "kept"]
    numbers = ["gain, %", "its gain there, %", "best gain there, %"]
    data = pd.DataFrame(lines, columns=[*words, *numbers])
    return Table(
        id="",
        title="Best sources of one scenario in another",
        scope=("best_in_scenarios",),
        data=data,
        texts=format_cells(data, words=len(words), **dict.fromkeys(numbers, "+.1f")),
        words=len(words),
        label=words.index("target"),
        notes=["Of targets with a positive gain in the first scenario."],
    )


def _self_supervised_tables(scenarios: Mapping[str, pd.DataFrame]) -> list[Table]:
    """Builds the table of self-supervised sources, if any scenario has some."""
    lines = [
        {
            "setting": setting_text(row.setting), "task type": row.target_type,
            "scenario": name, "source": row.source, "# targets": row.targets,
            "worse, %": row.worse, "N, %": row.negative, "metric, mean change": row.change,
            "its own dataset as target": row.own_change,
        }
        for name, chains in scenarios.items()
        for row in self_supervised_effects(chains).itertuples()
    ]  # fmt: skip
    if not lines:
        return []
    data = pd.DataFrame(lines)
    changes = ("metric, mean change", "its own dataset as target")
    formats = {"# targets": "d", "worse, %": ".0f", "N, %": ".0f"} | dict.fromkeys(changes, "+.3f")
    return [
        Table(
            id="",
            title="Self-supervised sources against the baseline",
            scope=("self_supervised",),
            data=data,
            texts=format_cells(data, words=4, **formats),
            words=4,
            notes=["Changes are from the initial weights alone, in the metric's unit."],
        )
    ]
