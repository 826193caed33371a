"""Makes the result row of a finished link."""

import dataclasses
import json
import math
from collections.abc import Collection

from etils import epath

from foi_tf.chains import links
from foi_tf.chains.initial_weights import Start
from foi_tf.chains.links import Finished
from foi_tf.chains.lr_selection import Selection
from foi_tf.study import image_statistics, results, variation
from foi_tf.study.dataset import Task


def build_row(
    finished: Finished,
    selection: Selection,
    start: Start,
    source: dict,
    setting: str,
    varied: Collection[str] = variation.DEFAULT,
) -> results.Row:
    """Builds the row of a link that was trained on one task.

    Args:
      start: the weights that the link started from.
      source: the columns that `build_source_columns` returns.
      setting: one of `study.grid.SETTINGS`.
      varied: what seeds vary in the study, see `study.variation`.
    """
    link = finished.link
    with_source = [variation.SOURCE] if source["source_type"] else []
    # A candidate that diverged becomes null, since JSON has no NaN.
    tried = {f"{rate:g}": results.finite_or_none(value) for rate, value in selection.values.items()}
    return results.Row(
        target=link.task.dataset,
        target_type=link.task.type,
        target_domain=finished.domain,
        **source,
        setting=setting,
        backbone=link.backbone,
        init=start.chain[0],
        seed=link.seed,
        learning_rate=link.schedule.learning_rate,
        n_target=finished.n_train,
        metric=finished.metric,
        value=finished.value,
        steps=finished.steps,
        wall_seconds=finished.wall_seconds,
        device=finished.device,
        devices=link.replicas,
        chip_hours=link.replicas * finished.wall_seconds / 3600,
        config_digest=dataclasses.replace(link, seed=0).digest,
        version=finished.version,
        selection=selection.by,
        candidates=json.dumps(tried),
        parent=start.digest,
        pretraining=_find_pretraining(start),
        subset=finished.subset,
        machine=finished.machine,
        tensorflow=finished.tensorflow,
        varied=variation.format_variation(
            [*link.varied, *(name for name in with_source if name in varied)]
        ),
        extra={k: v for k, v in finished.metrics.items() if k != finished.metric}
        | _describe_source_model(start),
    )


def _find_pretraining(start: Start) -> str:
    """Returns the digest of the weights that a chain started from; "" if it is not known."""
    if len(start.chain) == 1:
        return start.digest
    return start.finished.link.parent if start.finished and len(start.chain) == 2 else ""


def _describe_source_model(start: Start) -> dict[str, float]:
    """Returns the metric of the source model, and that of a constant prediction, if known."""
    if len(start.chain) == 1 or start.finished is None:
        return {}
    found = {
        results.SOURCE_VALUE: start.finished.value,
        results.SOURCE_CONSTANT: start.finished.constant,
    }
    return {name: value for name, value in found.items() if not math.isnan(value)}


def build_source_columns(start: Start, domain: str, images: int) -> dict[str, object]:
    """Builds the columns that describe the source of a chain.

    Args:
      domain: image domain of the source's training images; unused without a source.
      images: number of the source's training images; unused without a source.
    """
    if len(start.chain) == 1:
        name = results.SCRATCH if start.chain == (results.SCRATCH,) else results.NO_SOURCE
        return {"source": name, "source_type": "", "source_domain": "", "n_source": 0}
    task = Task.parse(start.chain[-1])
    return {
        "source": task.dataset,
        "source_type": task.type,
        "source_domain": domain,
        "n_source": images,
    }


def write_row(row: results.Row, link_directory: epath.Path, directory: epath.Path) -> None:
    """Writes the row and, beside it, the statistics of single images if the link kept them.

    Raises:
      FoiError: the directory cannot be written, or the kept statistics are damaged.
    """
    kept, columns = links.image_statistics_path(link_directory), dataclasses.asdict(row)
    found = image_statistics.read_statistics(kept) if kept.exists() else None
    # Removed first, so that a row is never beside the statistics of another run.
    image_statistics.remove_beside_row(columns, directory)
    results.write_row(row, directory)
    if found:
        image_statistics.write_beside_row(found, columns, directory)
