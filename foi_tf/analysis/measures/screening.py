"""What of a set of result rows cannot be counted together: left out by name, never averaged."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.gains import target_setting
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.study import results as rows
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES

MANY = 5  # So many names are listed; ours.


def screen(results: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leaves out what contradicts the rest.

    - Rows of the same run, configuration included, with different values: all of them.
    - Of a target task measured in several metrics, all but the most frequent one.
    - Of a target task and setting with several numbers of training images, all but the
      most frequent one: they belong to different settings.

    Args:
      results: as `foi_tf.study.results.load` returns them.

    Returns:
      The rows that stay, with infinite values turned to NaN, and domains emptied that
      differ between the rows of a dataset; and one sentence for each thing left out.
    """
    frame = results.assign(value=results.value.where(np.isfinite(results.value)))
    said = []
    for step in (_disagreeing, _other_metrics, _other_sizes):
        frame, sentences = step(frame)
        said += sentences
    frame, sentences = _domains(frame)
    return frame.reset_index(drop=True), said + sentences


def notes(results: pd.DataFrame, chains: pd.DataFrame) -> list[str]:
    """What a reader has to know before trusting the gains; one sentence each.

    Args:
      results: as `foi_tf.study.results.load` returns them.
      chains: `foi_tf.analysis.measures.gains.with_gains` of them.
    """
    found = []
    if diverged := int(results.value.isna().sum()):
        found.append(f"{_count(diverged, 'run')} ended without a value and counted for nothing.")
    run = ["target", "target_type", "source", "source_type", "setting", "backbone", "init"]
    digests = results.groupby([*run, "seed", "learning_rate"]).config_digest.nunique()
    if mixed := int((digests > 1).sum()):
        found.append(
            f"{_count(mixed, 'run')} happened under several configurations; the best was taken. "
            "Keep the results of different configurations in different directories."
        )
    uneven = chains[
        chains.baseline_learning_rates.notna()
        & (chains.learning_rates != chains.baseline_learning_rates)
    ]
    if len(uneven):
        found.append(
            f"{_count(len(uneven), 'chain')} tried another number of learning rates than the "
            "baseline; the side that tried more has the advantage of the best of more runs."
        )
    return found


def _disagreeing(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    identity = list(rows.IDENTITY)
    # NaN is a value too: a run that diverged in one copy and not in the other disagrees.
    values = frame.value.fillna(np.inf)
    disagree = values.groupby([frame[name] for name in identity]).transform("nunique") > 1
    said = [
        f"{_run(run)} (configuration {run['config_digest']}): {len(own)} rows disagree, "
        f"with the values {_list(f'{x:.4g}' for x in own.value)}; keep the right one"
        for _, own in frame[disagree].groupby(identity)
        for run in [own.iloc[0]]
    ]
    return frame[~disagree].drop_duplicates(identity), said


def _other_metrics(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    keep, most = _most_frequent(frame, TARGET, "metric")
    said = [
        f"{target}:{target_type}: {len(own)} rows measured in {_list(own.metric.unique())}, "
        f"the others in {most[target, target_type]}; metrics cannot be compared"
        for (target, target_type), own in frame[~keep].groupby(TARGET)
    ]
    return frame[keep], said


def _other_sizes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    keyed = frame.assign(target_setting=frame.setting.map(target_setting))
    key = [*TARGET, "target_setting"]
    keep, most = _most_frequent(keyed, key, "n_target")
    said = [
        f"{name[0]}:{name[1]} ({name[2]}): {len(own)} rows with {_list(own.n_target.unique())} "
        f"training images, the others with {most[name]}; these are different settings"
        for name, own in keyed[~keep].groupby(key)
    ]
    return frame[keep], said


def _domains(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    sourced = (frame.source_type != "") & (frame.source != rows.MULTI_SOURCE)
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
    """Whether each row has the most frequent value of its group, and which that is."""
    counts = frame.groupby([*key, column]).size().reset_index(name="rows")
    counts = counts.sort_values(["rows", column], ascending=[False, True])
    most = counts.drop_duplicates(key).set_index(list(key))[column].to_dict()
    own = [most[name] for name in frame[list(key)].itertuples(index=False, name=None)]
    return frame[column] == pd.Series(own, frame.index, dtype=frame[column].dtype), most


def _run(run: pd.Series) -> str:
    source = f"{run.source}:{run.source_type}" if run.source_type else run.source
    return (
        f"{source} -> {run.target}:{run.target_type} ({run.setting}, {run.backbone}, "
        f"seed {run.seed}, learning rate {run.learning_rate:g})"
    )


def _list(texts) -> str:
    texts = [str(text) for text in texts]
    more = f" and {len(texts) - MANY} more" if len(texts) > MANY else ""
    return ", ".join(texts[:MANY]) + more


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
