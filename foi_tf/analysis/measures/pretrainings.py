"""Tells apart rows that rest on different pre-trainings of the same name (ours).

Rows name the weights that their chain started from, as "ilsvrc", and keep their digest. A chain and
a baseline of the same name and different digests do not measure what a source adds. So where the
rows of a backbone have several digests under one name, each gets a name of its own.
"""

from collections.abc import Mapping

import pandas as pd

from foi_tf.study import results
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.wording import count_noun

_MARK = "@"  # Stands between the name of initial weights and the digest.
_SHOWN = 8  # Characters of a digest.


def tell_apart(rows: pd.DataFrame) -> pd.Series:
    """Returns the name of each row's initial weights, with a digest where a name has several.

    Rows that do not tell their pre-training keep the plain name. They count as of the only digest
    where there is but one.
    """
    known = _known(rows)
    digests = rows.pretraining[known].groupby([rows.backbone, rows.init]).transform("nunique")
    several = (digests > 1).reindex(rows.index, fill_value=False)
    named = rows.init + _MARK + rows.pretraining.str.slice(0, _SHOWN)
    return rows.init.where(~several, named)


def base_name(init: str) -> str:
    """Returns the name of initial weights without a digest."""
    return init.partition(_MARK)[0]


def choose_family(inits: pd.Series) -> str:
    """Chooses the initial weights whose baseline chains from random weights are compared with.

    That is ILSVRC'12, or the only other ones; among several pre-trainings of ILSVRC'12, that with
    the most rows.

    Args:
      inits: `tell_apart` of the rows that start from other than random weights.
    """
    counts = inits.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    own = [name for name in counts.index if base_name(name) == results.NO_SOURCE]
    if len(counts) == 1 or own:
        return str((own or list(counts.index))[0])
    return results.NO_SOURCE


def describe_several(rows: pd.DataFrame) -> list[str]:
    """Returns a sentence for each name of initial weights under which rows have several digests.

    Args:
      rows: result rows as `foi_tf.study.results.load` returns them.
    """
    rows = rows[rows.target_type.isin(STRUCTURED_TASK_TYPES)]
    known = _known(rows)
    found = []
    for (backbone, init), own in rows[known].groupby(["backbone", "init"]):
        counts = own.pretraining.value_counts().sort_index()
        if len(counts) < 2:
            continue
        listed = ", ".join(
            f"{init}{_MARK}{str(digest)[:_SHOWN]} ({count_noun(int(count), 'row')})"
            for digest, count in counts.items()
        )
        chosen = (rows.backbone == backbone) & (rows.init == init) & ~known
        silent = int((chosen & (rows.source != results.SCRATCH)).sum())
        more = f"; {count_noun(silent, 'row')} without a digest" if silent else ""
        found.append(
            f"comparisons between different pre-trainings of {backbone}: {listed}{more}. Chains "
            "are held against baselines from the same one alone; run the baselines that it lacks, "
            "or keep one pre-training to a directory"
        )
    return found


def compare_pretrainings(studies: Mapping[str, pd.DataFrame]) -> list[str]:
    """Returns a sentence for each backbone and name whose digests differ between studies.

    Args:
      studies: result rows by the name of the study.
    """
    digests: dict[tuple[str, str], dict[str, set[str]]] = {}
    for name, rows in studies.items():
        own = rows[rows.target_type.isin(STRUCTURED_TASK_TYPES) & _known(rows)]
        for (backbone, init), part in own.groupby(["backbone", "init"]):
            digests.setdefault((str(backbone), str(init)), {})[name] = set(part.pretraining)
    found = []
    for (backbone, init), by_study in digests.items():
        if len(set().union(*by_study.values())) > 1 and len(by_study) > 1:
            listed = ", ".join(
                f"{name} from {' and '.join(x[:_SHOWN] for x in sorted(own))}"
                for name, own in by_study.items()
            )
            found.append(
                f"{backbone} from {init}: the studies rest on different pre-trainings "
                f"({listed}), so differences between them are not of the sources alone"
            )
    return found


def _known(rows: pd.DataFrame) -> pd.Series:
    """Tells which rows know the digest of their pre-training."""
    return (rows.pretraining != "") & (rows.source != results.SCRATCH)
