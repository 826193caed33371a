"""Leaves out result rows that cannot be counted together, and names each of them."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import pretrainings
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.grid import target_setting
from foi_tf.study.results import IDENTITY, MULTI_SOURCE, fill_optional
from foi_tf.study.variation import DEFAULT, SOURCE, SUBSET, format_variation
from foi_tf.wording import count_noun

MANY = 5  # A sentence lists at most so many names; ours.
_CHAIN = ["target", "target_type", "source", "source_type", "setting", "backbone", "init"]


def screen(results: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leaves out rows that contradict the rest.

    - Rows of the same run, configuration included, with different values: all of them.
    - Of a target task measured in several metrics, all but the most frequent one.
    - Of a target task and setting with several numbers of training images, all but the
      most frequent one: they belong to different settings.
    - Of a target task and setting with several subsets of training images for what should be the
      same subset, all but the most frequent one. Rows that do not tell their subset stay.
    - Of a chain whose seeds vary different things, all but the most frequent of these.

    Rows that rest on different pre-trainings stay, and are told apart by `gains.best_runs`.

    Args:
      results: as `foi_tf.study.results.load` returns them.

    Returns:
      The rows that are left, and one sentence for each thing left out. Infinite values become NaN.
      Where the rows of a dataset name different domains, its domain becomes "".
    """
    frame = fill_optional(results).assign(value=results.value.where(np.isfinite(results.value)))
    said = []
    for step in (
        _drop_disagreeing, _drop_other_metrics, _drop_other_sizes, _drop_other_subsets,
        _drop_other_variations, _clear_domains,
    ):  # fmt: skip
        frame, sentences = step(frame)
        said += sentences
    return frame.reset_index(drop=True), [*said, *pretrainings.describe_several(frame)]


def describe_limits(rows: pd.DataFrame, chains: pd.DataFrame) -> list[str]:
    """Returns sentences on everything that limits the meaning of the gains.

    Args:
      rows: result rows as `screen` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.
    """
    found = []
    if diverged := int(rows.value.isna().sum()):
        found.append(
            f"{count_noun(diverged, 'run')} ended without a value and counted for nothing."
        )
    digests = rows.groupby([*_CHAIN, "seed", "learning_rate"]).config_digest.nunique()
    if mixed := int((digests > 1).sum()):
        runs = count_noun(mixed, "run")
        found.append(
            f"{runs} happened under several configurations; the best was taken. "
            "Keep the results of different configurations in different directories."
        )
    uneven = chains[
        chains.baseline_learning_rates.notna()
        & (chains.learning_rates != chains.baseline_learning_rates)
    ]
    if len(uneven):
        found.append(
            f"{count_noun(len(uneven), 'chain')} tried another number of learning rates than the "
            "baseline; the side that tried more has the advantage of the best of more runs."
        )
    if mixed := _count_mixed_sources(rows):
        found.append(
            f"{count_noun(mixed, 'chain')} started from different source models of the same name, "
            "though its seeds do not vary the source; the interval covers more than it says."
        )
    if len(machines := sorted(set(rows.machine) - {""})) > 1:
        found.append(
            f"Rows were made on {len(machines)} kinds of machines ({_list(machines)}), on which "
            "equal runs end with slightly different weights."
        )
    return found


def _count_mixed_sources(rows: pd.DataFrame) -> int:
    """Counts the chains with several source models whose seeds do not vary the source."""
    varies = rows.varied.str.split(",").map(lambda names: SOURCE in names)
    own = rows[(rows.source_type != "") & (rows.parent != "") & ~varies]
    return int((own.groupby([*_CHAIN, "pretraining"]).parent.nunique() > 1).sum())


def _drop_disagreeing(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops all rows of the same run that have different values."""
    identity = list(IDENTITY)
    # NaN is a value too: a run that diverged in one copy and not in the other disagrees.
    values = frame.value.fillna(np.inf)
    disagree = values.groupby([frame[name] for name in identity]).transform("nunique") > 1
    said = [
        f"{_describe_run(run)} (configuration {run['config_digest']}): {len(own)} rows disagree, "
        f"with the values {_list(f'{x:.4g}' for x in own.value)}; keep the right one"
        for _, own in frame[disagree].groupby(identity)
        for run in [own.iloc[0]]
    ]
    return frame[~disagree].drop_duplicates(identity), said


def _drop_other_metrics(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops the rows of a target task that are not measured in its most frequent metric."""
    keep, most = _most_frequent(frame, TARGET, "metric")
    said = [
        f"{target}:{target_type}: {len(own)} rows measured in {_list(own.metric.unique())}, "
        f"the others in {most[target, target_type]}; metrics cannot be compared"
        for (target, target_type), own in frame[~keep].groupby(TARGET)
    ]
    return frame[keep], said


def _drop_other_sizes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops the rows of a target task and setting with another number of training images."""
    keyed = frame.assign(target_setting=frame.setting.map(target_setting))
    key = [*TARGET, "target_setting"]
    keep, most = _most_frequent(keyed, key, "n_target")
    said = [
        f"{name[0]}:{name[1]} ({name[2]}): {len(own)} rows with {_list(own.n_target.unique())} "
        f"training images, the others with {most[name]}; these are different settings"
        for name, own in keyed[~keep].groupby(key)
    ]
    return frame[keep], said


def _drop_other_subsets(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops the rows of a target task and setting that trained on other images than most."""
    varies = frame.varied.str.split(",").map(lambda names: SUBSET in names)
    keyed = frame.assign(
        target_setting=frame.setting.map(target_setting), which=frame.seed.where(varies, -1)
    )
    known = frame.subset != ""
    key = [*TARGET, "target_setting", "which"]
    same, _ = _most_frequent(keyed[known], key, "subset")
    keep = same.reindex(frame.index, fill_value=True)
    said = [
        f"{name[0]}:{name[1]} ({name[2]}): {count_noun(len(own), 'row')} trained on other images "
        "than the rest, although their number is the same; run them again on the data of the rest"
        for name, own in keyed[~keep].groupby(key[:-1])
    ]
    return frame[keep], said


def _drop_other_variations(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops the rows of a chain whose seeds vary something else than most of the chain's."""
    keyed = frame.assign(varied=frame.varied.replace("", format_variation(DEFAULT)))
    keep, most = _most_frequent(keyed, _CHAIN, "varied")
    said = [
        f"{_describe_chain(own.iloc[0])}: {count_noun(len(own), 'row')} of seeds that vary "
        f"{_list(own.varied.unique())}, the others vary {most[name]}; keep one kind to a directory"
        for name, own in keyed[~keep].groupby(_CHAIN)
    ]
    return frame[keep], said


def _clear_domains(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Clears the domain of each dataset whose rows name different ones."""
    sourced = (frame.source_type != "") & (frame.source != MULTI_SOURCE)
    structured = frame.target_type.isin(STRUCTURED_TASK_TYPES)
    pairs = pd.concat(
        [
            frame.loc[structured, ["target", "target_domain"]].set_axis(
                ["dataset", "domain"], axis=1
            ),
            frame.loc[sourced, ["source", "source_domain"]].set_axis(["dataset", "domain"], axis=1),
        ]
    ).drop_duplicates()
    said, unclear = [], []
    for dataset, own in pairs.groupby("dataset"):
        domains = sorted(own.domain)
        if domains == [""]:
            said.append(f"{dataset}: has no domain, so nothing within or across domains counts it")
        elif len(domains) > 1:
            unclear.append(dataset)
            said.append(
                f"{dataset}: has the domains {_list(repr(x) for x in domains)} in different rows, "
                "so nothing within or across domains counts it"
            )
    return frame.assign(
        target_domain=frame.target_domain.mask(frame.target.isin(unclear), ""),
        source_domain=frame.source_domain.mask(frame.source.isin(unclear), ""),
    ), said


def _most_frequent(
    frame: pd.DataFrame, key: Sequence[str], column: str
) -> tuple[pd.Series, dict[Hashable, object]]:
    """Tells whether each row has its group's most frequent value, and returns those by group."""
    counts = frame.groupby([*key, column]).size().reset_index(name="rows")
    counts = counts.sort_values(["rows", column], ascending=[False, True])
    most = counts.drop_duplicates(key).set_index(list(key))[column].to_dict()
    own = [most[name] for name in frame[list(key)].itertuples(index=False, name=None)]
    return frame[column] == pd.Series(own, frame.index, dtype=frame[column].dtype), most


def _describe_run(run: pd.Series) -> str:
    """Returns chain, setting, backbone, seed and learning rate of a run as text."""
    more = f", seed {run.seed}, learning rate {run.learning_rate:g})"
    return _describe_chain(run).removesuffix(")") + more


def _describe_chain(run: pd.Series) -> str:
    """Returns chain, setting and backbone of a run as text."""
    source = f"{run.source}:{run.source_type}" if run.source_type else run.source
    return f"{source} -> {run.target}:{run.target_type} ({run.setting}, {run.backbone})"


def _list(values: Iterable) -> str:
    """Lists the first `MANY` values as text, and counts the others."""
    texts = [str(value) for value in values]
    more = f" and {len(texts) - MANY} more" if len(texts) > MANY else ""
    return ", ".join(texts[:MANY]) + more
