"""Builds the tables of which classes, sizes of objects and images sources help and harm."""

import collections
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from foi_tf.analysis.measures.class_gains import CLASS, SIZE
from foi_tf.analysis.measures.summary import PAIR, STUDY, TARGET
from foi_tf.analysis.report.tables import Table, format_cells, network_name
from foi_tf.study.grid import setting_order
from foi_tf.study.image_statistics import SIZES
from foi_tf.study.table_texts import MISSING, setting_text

BY_TARGET = "classes_of_targets"  # Scope of the tables with a line for each target.
CLEAR = 2.0  # Points from which a class counts as better or worse; ours, as the level P.
_NOTE = (
    "Differences to the baseline in points of the metric (a hundredth; RMSE in meters), positive "
    "where the source helps, mean over seeds. The noise of the runs is in them: with one seed, a "
    "single run's spread cannot be told from an effect."
)
_WORDS = ["class helped most", "class harmed most"]
_CLASSES = ["helped, points", "images with it", "harmed, points", "images with that"]


def build_part_tables(parts: pd.DataFrame, images: pd.DataFrame) -> list[Table]:
    """Builds for each setting and network a table by target, and one by chain.

    Args:
      parts, images: as `class_gains.compute_part_gains` returns them.
    """
    found = []
    groups = dict(iter(images.groupby(STUDY)))
    for key in sorted(groups, key=lambda x: (setting_order(str(x[0])), x)):
        setting, *network = map(str, key)
        title = f"{setting_text(setting)} ({network_name(*network)})"
        own = parts[(parts[STUDY] == list(key)).all(axis=1)]
        if len(own):
            found.append(_target_table(own, title, (setting, *network)))
        found.append(_chain_table(own, groups[key], title, (setting, *network)))
    return found


def _target_table(parts: pd.DataFrame, title: str, scope: tuple[str, ...]) -> Table:
    """Builds the table of each target: mean over its sources."""
    means = parts.groupby([*TARGET, "part", "name"], sort=False).agg(
        difference=("difference", "mean"), count=("count", "max"), sources=("source", "size")
    )
    lines = [
        {"target": ":".join(key)}
        | _describe_extremes(own)
        | {"sources": max(part["sources"] for part in own)}
        for key, own in sorted(_group_lines(means.reset_index(), TARGET).items())
    ]
    return _make_table(
        lines, 3, f"Classes and sizes, mean over sources, {title}", (BY_TARGET, *scope)
    )


def _chain_table(
    parts: pd.DataFrame, images: pd.DataFrame, title: str, scope: tuple[str, ...]
) -> Table:
    """Builds the table of each chain."""
    by_chain = _group_lines(parts, PAIR)
    lines = []
    for one in images.sort_values(PAIR).to_dict("records"):
        own = by_chain.get(tuple(one[name] for name in PAIR), [])
        classes = [part["difference"] for part in own if part["part"] == CLASS]
        lines.append(
            {
                "target": f"{one['target']}:{one['target_type']}",
                "source": f"{one['source']}:{one['source_type']}",
                "image helped most": _or_missing(one["best_image"]),
                "image harmed most": _or_missing(one["worst_image"]),
            }
            | _describe_extremes(own)
            | {
                "classes better": sum(change > CLEAR for change in classes),
                "classes worse": sum(change < -CLEAR for change in classes),
                "images": one["images"],
                "images better, %": one["better"],
                "images worse, %": one["worse"],
                "seeds": one["seeds"],
            }
        )
    # Words stand first.
    words = ["target", "source", *_WORDS, "image helped most", "image harmed most"]
    lines = [{name: line[name] for name in [*words, *line]} for line in lines]
    return _make_table(
        lines, len(words), f"Classes, sizes and images by source, {title}", ("classes", *scope)
    )


_Line = dict[Hashable, Any]  # A class or size, by column.


def _group_lines(parts: pd.DataFrame, by: Sequence[str]) -> dict[tuple[Any, ...], list[_Line]]:
    """Groups lines as plain values, which is ten times faster than as frames."""
    found: dict[tuple[Any, ...], list[_Line]] = collections.defaultdict(list)
    for line in parts.to_dict("records"):
        found[tuple(line[name] for name in by)].append(line)
    return found


def _describe_extremes(parts: Sequence[_Line]) -> dict[str, Any]:
    """Returns the classes that gained and lost most, with their numbers, and those of sizes."""
    classes = [part for part in parts if part["part"] == CLASS]
    found: dict[str, Any] = dict.fromkeys(_WORDS, MISSING) | dict.fromkeys(_CLASSES, float("nan"))
    if classes:
        best = max(classes, key=lambda part: part["difference"])
        worst = min(classes, key=lambda part: part["difference"])
        numbers = [part[name] for part in (best, worst) for name in ("difference", "count")]
        found |= dict(zip(_WORDS, [best["name"], worst["name"]], strict=True))
        found |= dict(zip(_CLASSES, map(float, numbers), strict=True))
    sizes = {part["name"]: part["difference"] for part in parts if part["part"] == SIZE}
    return found | {f"{name}, points": sizes.get(name, float("nan")) for name in SIZES}


def _make_table(
    lines: list[dict[str, Any]], words: int, title: str, scope: tuple[str, ...]
) -> Table:
    """Builds a table whose columns of points have signs."""
    data = pd.DataFrame(lines)
    formats = {name: "+.1f" for name in data if name.endswith("points")}
    formats |= {name: ".0f" for name in list(data)[words:] if name not in formats}
    return Table(
        id="",
        title=title,
        scope=scope,
        data=data,
        texts=format_cells(data, words=words, **formats),
        words=words,
        label=0,
        notes=[_NOTE],
    )


def _or_missing(name: object) -> str:
    """Returns a name, or the sign for none."""
    return MISSING if pd.isna(name) else str(name)
