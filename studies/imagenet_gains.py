"""Makes the tables of IMAGENET.md on what sources gain in the study, from its kept rows."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import distance
from foi_tf.analysis.measures.answer import JudgedStart
from foi_tf.analysis.measures.answers import find_answers
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.starts import PRETRAINING, RANDOM, SOURCE
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study import metrics
from foi_tf.study.dataset import SEGMENTATION, Task
from foi_tf.study.results import EXTRA, NO_SOURCE, SCRATCH, SOURCE_VALUE
from foi_tf.study.table_texts import MISSING
from studies.imagenet_parts import PARTS, STEPS, STUDY
from studies.imagenet_rows import KEPT, load_kept, plan_target
from studies.markdown import format_table

CHAIN = ["target", "target_type", "source", "source_type"]
CLEAR = (verdicts.CLEARLY_POSITIVE, verdicts.CLEARLY_NEGATIVE)
PROBABLE = (*CLEAR, verdicts.PROBABLY_POSITIVE, verdicts.PROBABLY_NEGATIVE)


def format_targets(rows: pd.DataFrame) -> str:
    """Returns the table of what each target should start from."""
    analysis = StudyAnalysis(rows)
    chains = transfers(analysis.chains)
    lines = []
    for answer in find_answers(analysis):
        own = chains[(chains.target == answer.target) & (chains.target_type == answer.target_type)]
        starts = {start.kind: start for start in reversed(answer.ranked)}  # The best of each kind.
        source, plain = starts.get(SOURCE), starts.get(PRETRAINING)
        seeds = own.seeds.dropna()
        lines.append(
            [f"`{answer.target}:{answer.target_type}`", metrics.METRICS[answer.metric].label,
             f"{seeds.min():.0f}" if len(seeds) else MISSING,
             f"{plain.value:.3f}" if plain else MISSING, _say_gain(starts.get(RANDOM)),
             f"`{source.name}`" if source else MISSING, _say_gain(source),
             *(f"{(own.verdict == verdict).sum()}" for verdict in CLEAR), f"{len(own)}",
             answer.kind]
        )  # fmt: skip
    header = ["target", "metric", "seeds", "ImageNet", "gain of random weights, %", "first source"]
    header += ["its gain, %", "clearly up", "clearly down", "of", "answer"]
    return format_table(header, lines, words=2)


def _say_gain(start: JudgedStart | None) -> str:
    """Formats a gain with its 95 % interval; there is none over a baseline at a floor."""
    if start is None or math.isnan(start.gain):
        return MISSING
    return f"{start.gain:.1f} ({start.gain_low:.1f} to {start.gain_high:.1f})"


def list_complete() -> list[str]:
    """Lists the task types whose targets have a row of each run of the plan."""
    part, kept = PARTS[STUDY], KEPT.find(STUDY)
    missing = {Task.parse(target).type for target in part.starts if plan_target(part, target, kept)}
    return [kind for kind in STEPS if kind not in missing]


def load_analysis(kinds: Sequence[str]) -> StudyAnalysis:
    """Loads the study's targets of some task types, with the distances that are kept."""
    rows, kept = load_kept(STUDY), KEPT.directory / "distances.csv"
    return StudyAnalysis(
        rows[rows.target_type.isin(kinds)], distances=distance.read_distances(kept)
    )


def format_longer(rows: pd.DataFrame, longer: pd.DataFrame) -> str:
    """Returns the table of what chains gain whose sources are trained three times as long.

    Args:
      rows: of the study.
      longer: of the part "longer_sources".
    """
    both = pd.concat(
        [rows[rows.target_type == SEGMENTATION], longer.assign(source=longer.source + "+")]
    )
    chains = transfers(StudyAnalysis(both).chains).set_index(["target", "source"])
    quality = both.groupby(["target", "source"])[EXTRA + SOURCE_VALUE].mean()
    lines = []
    for target, source in sorted(set(zip(longer.target, longer.source, strict=True))):
        cells = [f"`{target}`", f"`{source}`"]
        for name in (source, source + "+"):
            found = chains.loc[(target, name)]
            gain = f"{found.gain:.1f} ({found.gain_low:.1f} to {found.gain_high:.1f})"
            cells += [f"{quality[target, name]:.3f}", f"{found.seeds:.0f}", gain]
        lines.append(cells)
    each = ["its own mIoU, {}", "seeds", "gain, %"]
    header = [*(x.format("600 steps") for x in each), *(x.format("1800 steps") for x in each)]
    return format_table(["target", "source", *header], lines, words=2)


def format_fewer(rows: pd.DataFrame, fewer: pd.DataFrame) -> str:
    """Returns the table of what starts gain with two numbers of target images.

    Args:
      rows: of the study.
      fewer: of the part "images_40", whose chains are among those of the study.
    """
    tables = [StudyAnalysis(own).chains.set_index(CHAIN) for own in (rows, fewer)]
    lines = []
    for target in sorted(set(fewer.target)):
        kept = [table.loc[[target]].query("target_type == @SEGMENTATION") for table in tables]
        kept[0] = kept[0].loc[kept[0].index.isin(kept[1].index)]
        cells = []
        for own, runs in zip(kept, (rows, fewer), strict=True):
            random = own.xs(SCRATCH, level="source").iloc[0]
            found = transfers(own.reset_index())
            cells.append(
                [f"{own.baseline.iloc[0]:.3f}", f"{random.gain:.0f}", f"{found.gain.mean():.1f}",
                 f"{_compare_seeds(runs[runs.target == target], found.source):.1f}",
                 f"{found.gain.max():.1f}", *(f"{(found.verdict == x).sum()}" for x in CLEAR)]
            )  # fmt: skip
        counts = f"{len(transfers(kept[1].reset_index()))}"
        both = zip(*cells, strict=True)
        lines.append([f"`{target}`", counts, *(f"{few}, {more}" for more, few in both)])
    header = ["target", "sources", "ImageNet", "gain of random weights, %"]
    header += ["mean gain of a source, %", "with the same seeds, %", "largest, %"]
    return format_table([*header, "clearly up", "clearly down"], lines, words=1)


def _compare_seeds(rows: pd.DataFrame, sources: Iterable[str]) -> float:
    """Returns the mean gain in % of a target's chains, each over the baseline of its own seed."""
    rows = rows[rows.target_type == SEGMENTATION]
    plain = rows[rows.source == NO_SOURCE].set_index("seed").value
    chained = rows[(rows.source_type == SEGMENTATION) & rows.source.isin(list(sources))]
    return 100 * float((chained.value / chained.seed.map(plain) - 1).mean())


def compare_halves(rows: pd.DataFrame) -> pd.DataFrame:
    """Compares gains of one half of the seeds with those of the other, for all ways to halve them.

    The seeds of the baseline that chains lack are halved likewise. A verdict is of one half alone,
    and the sign that it is held against of the other.

    Returns:
      A row for each chain, way and half, with `target_type`, `verdict` and whether the sign is the
      `same`.
    """
    chained = sorted(set(rows.seed[~rows.source.isin([SCRATCH, NO_SOURCE])]))
    further = sorted({*rows.seed} - {*chained})
    halves = {
        half: StudyAnalysis(rows[rows.seed.isin(half)]) for way in _halve(chained, further)
        for half in way
    }  # fmt: skip
    found = []
    for way in _halve(chained, further):
        for one, other in (way, way[::-1]):
            told = transfers(halves[one].chains).set_index(CHAIN)[["verdict", "gain"]]
            held = transfers(halves[other].chains).set_index(CHAIN).gain
            both = told.join(held.rename("other"), how="inner").dropna().reset_index()
            found.append(both.assign(same=(both.gain > 0) == (both.other > 0)))
    return pd.concat(found, ignore_index=True)


def _halve(
    seeds: Sequence[int], further: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yields the ways to halve seeds, each once, with half of some further ones."""
    middle = len(further) // 2
    for one in itertools.combinations(seeds, len(seeds) // 2):
        other = tuple(seed for seed in seeds if seed not in one)
        if len(one) < len(other) or seeds[0] in one:
            yield (*one, *further[:middle]), (*other, *further[middle:])


def format_halves(rows: pd.DataFrame) -> str:
    """Returns the table of how often a gain's sign is the same in two halves of the seeds."""
    compared = compare_halves(rows)
    lines = []
    for name, own in [("all", compared), *compared.groupby("target_type")]:
        cells = [name, f"{100 * own.same.mean():.0f}"]
        for words in (PROBABLE, CLEAR):
            told = own[own.verdict.isin(words)]
            cells += [f"{100 * len(told) / len(own):.0f}", _say_share(told.same)]
        lines.append(cells)
    header = ["targets", "same sign, % of all", "at least probable, %", "same sign, % of these"]
    return format_table([*header, "clear, %", "same sign, % of these"], lines, words=1)


def _say_share(same: pd.Series) -> str:
    """Formats a share in %, or that there is nothing to count."""
    return f"{100 * np.mean(same):.0f}" if len(same) else MISSING
