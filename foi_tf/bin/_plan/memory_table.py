"""Prints the memory that training steps need by estimate (foi-plan --memory)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foi_tf.bin._shared import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foi_tf.bin._plan.shared_flags import SharedFlags
    from foi_tf.study.configuration import Config
    from foi_tf.study.dataset import Dataset
    from foi_tf.study.plan import PlannedRun


def print_memory(
    shared: SharedFlags, config: Config, datasets: Mapping[str, Dataset], runs: Sequence[PlannedRun]
) -> None:
    """Prints a row for each task that the runs train, in the order of the plan.

    Its columns are the task, the images of a step, and for each kind of device the GiB of one
    device for its whole share of a step, and the --micro_batch that fits: "-" if the whole share
    does, "none" if not even one image does.
    """
    from foi_tf.study import memory

    rows = []
    for task in dict.fromkeys(run.task for run in runs):
        cells = []
        for device in memory.DEVICES.values():
            found = memory.estimate_memory(
                task,
                datasets,
                config,
                shared["backbone"],
                shared["precision"],
                device,
                rematerialize=shared["rematerialize"],
            )
            fits = {0: "-", None: "none"}.get(found.micro_batch, str(found.micro_batch))
            cells += [f"{found.whole:.1f}", fits]
        rows.append([task, config.link_of_source(task).schedule.batch_size, *cells])
    columns = [f"{name}_{what}" for name in memory.DEVICES for what in ("gib", "micro_batch")]
    console.print_table(["task", "batch", *columns], rows)
