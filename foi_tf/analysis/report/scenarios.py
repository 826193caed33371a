"""The same chains in several scenarios: which gains keep their sign, which sources stay best.

What Section 7 and Appendix B report beside Tables A.1 to A.4.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import summary
from foi_tf.analysis.measures.gains import NEGATIVE, POSITIVE, transfers
from foi_tf.analysis.report.paper_tables import CONTRASTIVE
from foi_tf.analysis.report.tables import Sheet, plain
from foi_tf.study.table_texts import SETTING_TEXTS

FIXED_SIZE = "fixed_size"  # As `study.scenarios` calls it; its rows fill Table A.1.
_KEY = ["setting", "target", "target_type", "metric", "source", "source_type"]
_THREE = 3  # "the best three sources are the same but have a different order" (Appendix B).
_WORDS = ["setting", "task type", "scenario", "held against"]


def networks(chains: pd.DataFrame, name: str = "") -> dict[str, pd.DataFrame]:
    """The chains of each backbone and family, by what a table calls them.

    Args:
      name: of the scenario, where all rows of a directory are of one.
    """
    return {
        f"{name}: " * bool(name) + f"{backbone}, from {family}": own
        for (backbone, family), own in sorted(summary.networks(chains).items(), key=lambda x: x[0])
    }


def compare(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, float]:
    """What becomes of the gains of one scenario in another one.

    Significant is what Section 6 calls positive or negative: beyond 2 %.

    Args:
      first, second: chains of one setting and target type, each of one scenario, as
        `foi_tf.analysis.measures.gains.with_gains` returns them. Chains that both have with a gain count.

    Returns:
      chains: how many that are.
      value, baseline: mean change of the metric over chains, and of baselines over targets.
      significant: the gains in `first` that are.
      same_sign, kept: % of them that have the same sign in `second`; that are significant
        there as well.
      turned: % of the negative ones in `first` that are positive in `second`.
      stronger: % of all gains that are further from 0 in `second`.
      targets: those with a positive gain in `first`.
      best, three: % of them whose best source in `first` is that in `second` too; or else whose
        best three are the same, in any order, out of four at least.
      Shares of nothing are NaN.
    """
    both = _both(first, second)
    up, down = both.gain_1 > POSITIVE, both.gain_1 < NEGATIVE
    still_up, still_down = both.gain_2 > POSITIVE, both.gain_2 < NEGATIVE
    significant = up | down
    kept = (up & still_up) | (down & still_down)
    same = np.sign(both.gain_1) == np.sign(both.gain_2)
    of_targets = both.drop_duplicates(["target"])
    found = best_sources(first, second)
    return {
        "chains": len(both),
        "value": (both.value_2 - both.value_1).mean(),
        "baseline": (of_targets.baseline_2 - of_targets.baseline_1).mean(),
        "significant": int(significant.sum()),
        "same_sign": _share(same[significant]),
        "kept": _share(kept[significant]),
        "turned": _share(still_up[down]),
        "stronger": _share(both.gain_2.abs() > both.gain_1.abs()),
        "targets": len(found),
        "best": _share(found.kept == "best"),
        "three": _share(found.kept != "no"),
    }


def best_sources(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The best source of each target that has a positive gain in the first scenario.

    Args:
      first, second: as in `compare`.

    Returns:
      One row a target: `target`, `source`, `gain` (%), and in the second scenario `gain_2` of
      that source, `best_2` and `best_gain_2`; `kept`: "best", "three" or "no".
    """
    lines = []
    for target, own in _both(first, second).groupby("target", sort=True):
        # Of equal gains the first by name, in both.
        ranked = [own.sort_values(by, ascending=False, kind="stable") for by in _GAINS]
        best, other = (order.iloc[0] for order in ranked)
        if not best.gain_1 > POSITIVE:
            continue
        top = [set(order.label[:_THREE]) for order in ranked]
        three = len(own) > _THREE and top[0] == top[1]
        kept = "best" if best.label == other.label else "three" if three else "no"
        found = best.gain_1, best.gain_2, other.gain_2
        lines.append((target, best.label, other.label, *found, kept))
    names = ["target", "source", "best_2", "gain", "gain_2", "best_gain_2", "kept"]
    return pd.DataFrame(lines, columns=names)


_GAINS = ("gain_1", "gain_2")


def sheets(scenarios: Mapping[str, pd.DataFrame]) -> list[Sheet]:
    """The comparison of each scenario with each other one, and self-supervised sources.

    Args:
      scenarios: chains by the scenario's name, as `networks` returns them. Those that share no
        chain with a gain are not compared.
    """
    pairs = list(_pairs(scenarios))
    found = [_comparison(pairs), _best(pairs)] if pairs else []
    return [*found, *_self_supervised(scenarios)]


def _both(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The chains that both have with a gain, their numbers ending in _1 and _2."""
    columns = [*_KEY, "value", "baseline", "gain"]
    sides = [transfers(side).dropna(subset="gain")[columns] for side in (first, second)]
    both = sides[0].merge(sides[1], on=_KEY, suffixes=("_1", "_2"))
    return both.assign(label=both.source + ":" + both.source_type).sort_values(_KEY)


def _share(chosen: pd.Series) -> float:
    return 100 * chosen.mean() if len(chosen) else float("nan")


def _pairs(scenarios: Mapping[str, pd.DataFrame]) -> Iterator[tuple]:
    """Each ordered pair with chains in common, by setting and target type."""
    parts = {
        name: dict(iter(own.groupby(["setting", "target_type"]))) for name, own in scenarios.items()
    }
    for first, second in itertools.permutations(scenarios, 2):
        for key in sorted(parts[first].keys() & parts[second].keys()):
            one, other = parts[first][key], parts[second][key]
            if len(_both(one, other)):
                yield *key, first, second, one, other


def _comparison(pairs: list[tuple]) -> Sheet:
    names = {
        "chains": "# chains", "value": "metric, mean change",
        "baseline": "baselines, mean change", "significant": "# significant",
        "same_sign": "same sign, %", "kept": "same sign and significant, %",
        "turned": "N turned P, %", "stronger": "stronger, %", "targets": "# targets with P",
        "best": "best source kept, %", "three": "best or best three kept, %",
    }  # fmt: skip
    lines = [
        dict(zip(_WORDS, (setting, kind, first, second), strict=True))
        | {names[name]: value for name, value in compare(one, other).items()}
        for setting, kind, first, second, one, other in pairs
    ]
    data = pd.DataFrame(lines)
    formats = {name: "d" if name.startswith("#") else ".0f" for name in names.values()}
    formats |= {names[name]: "+.3f" for name in ("value", "baseline")}
    return Sheet(
        id="",
        title="Gains of one scenario in another",
        scope=("scenarios",),
        data=data,
        texts=plain(data, words=len(_WORDS), **formats),
        words=len(_WORDS),
        notes=[
            "Of the chains that both have. Significant gains are those of the first scenario "
            "beyond ±2 % (P or N); changes are from the first to the second, in the "
            "metric's unit."
        ],
    )


def _best(pairs: list[tuple]) -> Sheet:
    kept = {"best": "yes", "three": "among the same three", "no": "no"}
    lines = []
    for setting, kind, first, second, one, other in pairs:
        for row in best_sources(one, other).itertuples():
            lines.append((setting, kind, first, second, row.target, row.source, row.best_2,
                          kept[row.kept], row.gain, row.gain_2, row.best_gain_2))  # fmt: skip
    words = [*_WORDS, "target", "best source", "best there", "kept"]
    numbers = ["gain, %", "its gain there, %", "best gain there, %"]
    data = pd.DataFrame(lines, columns=[*words, *numbers])
    return Sheet(
        id="",
        title="Best sources of one scenario in another",
        scope=("best_in_scenarios",),
        data=data,
        texts=plain(data, words=len(words), **dict.fromkeys(numbers, "+.1f")),
        words=len(words),
        label=words.index("target"),
        notes=["Of targets with a positive gain in the first scenario."],
    )


def _self_supervised(scenarios: Mapping[str, pd.DataFrame]) -> list[Sheet]:
    """How sources that were trained without annotations do against the baseline (Table A.4)."""
    lines = []
    for name, chains in scenarios.items():
        own = chains[(chains.source_type == CONTRASTIVE) & chains.gain.notna()]
        for (setting, kind, source), part in own.groupby(["setting", "target_type", "source"]):
            change = part.value - part.baseline
            of_itself = change[part.target == source]
            lines.append(
                {
                    "setting": SETTING_TEXTS.get(setting, setting), "task type": kind,
                    "scenario": name, "source": source, "# targets": len(part),
                    "worse, %": _share(part.gain < 0), "N, %": _share(part.gain < NEGATIVE),
                    "metric, mean change": change.mean(),
                    "its own dataset as target": of_itself.mean(),
                }
            )  # fmt: skip
    if not lines:
        return []
    data = pd.DataFrame(lines)
    changes = ("metric, mean change", "its own dataset as target")
    formats = {"# targets": "d", "worse, %": ".0f", "N, %": ".0f"} | dict.fromkeys(changes, "+.3f")
    return [
        Sheet(
            id="",
            title="Self-supervised sources against the baseline",
            scope=("self_supervised",),
            data=data,
            texts=plain(data, words=4, **formats),
            words=4,
            notes=["Changes are from the initial weights alone, in the metric's unit."],
        )
    ]
