"""A finished link as a row of the results."""

import dataclasses
import json

from etils import epath

from foi_tf.chains import links
from foi_tf.chains.initial_weights import Start
from foi_tf.chains.links import Finished
from foi_tf.chains.lr_selection import Selection
from foi_tf.study import image_statistics, results
from foi_tf.study.dataset import Task


def build_row(
    finished: Finished, selection: Selection, begin: Start, source: dict, setting: str
) -> results.Row:
    """The row of a link that was trained on one task.

    Args:
      source: the row's columns that `build_source_columns` returns.
    """
    link = finished.link
    # A candidate that diverged is null: NaN is no JSON.
    tried = {f"{rate:g}": results.finite_or_none(value) for rate, value in selection.values.items()}
    return results.Row(
        target=link.task.dataset,
        target_type=link.task.type,
        target_domain=finished.domain,
        **source,
        setting=setting,
        backbone=link.backbone,
        init=begin.chain[0],
        seed=link.seed,
        learning_rate=link.schedule.learning_rate,
        n_target=finished.n_train,
        metric=finished.metric,
        value=finished.value,
        steps=link.steps,
        wall_seconds=finished.wall_seconds,
        device=finished.device,
        devices=link.replicas,
        chip_hours=link.replicas * finished.wall_seconds / 3600,
        config_digest=dataclasses.replace(link, seed=0).digest,
        version=finished.version,
        selection=selection.by,
        candidates=json.dumps(tried),
        extra={k: v for k, v in finished.metrics.items() if k != finished.metric},
    )


def build_source_columns(begin: Start, domain: str, images: int) -> dict[str, object]:
    """What a row says of where its chain came from.

    Args:
      domain, images: of the source's training images, where it has a source.
    """
    if len(begin.chain) == 1:
        name = results.SCRATCH if begin.chain == (results.SCRATCH,) else results.NO_SOURCE
        return {"source": name, "source_type": "", "source_domain": "", "n_source": 0}
    task = Task.parse(begin.chain[-1])
    return {
        "source": task.dataset,
        "source_type": task.type,
        "source_domain": domain,
        "n_source": images,
    }


def write_row(row: results.Row, link_directory: epath.Path, directory: epath.Path) -> None:
    """Writes the row and, beside it, what its link found in each image, where it kept that.

    Raises:
      FoiError: the directory cannot be written, or what was kept is damaged.
    """
    kept, columns = links.image_statistics_path(link_directory), dataclasses.asdict(row)
    found = image_statistics.read_statistics(kept) if kept.exists() else None
    # First, so that at no time a row stands beside the images of another run.
    image_statistics.remove_beside_row(columns, directory)
    results.write_row(row, directory)
    if found:
        image_statistics.write_beside_row(found, columns, directory)
