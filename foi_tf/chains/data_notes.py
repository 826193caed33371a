"""Says what is known of a link's own data: images that are used, and warnings to keep."""

from collections.abc import Sequence

from etils import epath

from foi_tf.chains.links import Link
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.progress import say, warn
from foi_tf.study import data_warnings
from foi_tf.wording import count_noun


def tell_about_data(link: Link, prepared: Sequence[PreparedDataset]) -> None:
    """Prints how many of the user's own images a link trains on, and warnings on the data.

    Args:
      prepared: the dataset of each of the link's members.
    """
    for member, one in zip(link.members, prepared, strict=True):
        if one.dataset.collection != "own":
            continue
        every = len(one.annotated_ids("train", member.task.type))
        used = every if member.images is None else min(member.images, every)
        text = "all" if used == every else f"{used} of"
        more = "" if used == every else "; --setting=full uses all"
        say(f"{member.task}: trains on {text} {count_noun(every, 'image')}{more}")
        if one.warnings:
            warn(
                f"{one.dataset.id} was prepared with {count_noun(len(one.warnings), 'warning')}, "
                f"which foi-prepare --describe={one.dataset.id} and the report show"
            )


def keep_warnings(prepared: Sequence[PreparedDataset], results: epath.Path) -> None:
    """Writes the warnings on datasets beside the result rows, where the report finds them."""
    for one in prepared:
        if one.warnings:
            data_warnings.write_warnings(one.dataset.id, one.digest, one.warnings, results)
