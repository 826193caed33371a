"""Says what is known of a link's own data: images that are used, and warnings to keep."""

from collections.abc import Sequence

from etils import epath

from foi_tf.chains.links import Finished, Link
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.errors import FoiError
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


def check_validation_images(link: Link, prepared: Sequence[PreparedDataset]) -> None:
    """Checks, before hours of training, that a link has images to be evaluated on.

    Raises:
      FoiError: a member has no validation image with its annotation.
    """
    for member, one in zip(link.members, prepared, strict=True):
        if not one.annotated_ids("val", member.task.type):
            raise FoiError(
                f"{member.task}: none of its {count_noun(len(one.ids['val']), 'validation image')} "
                f"is annotated for {member.task.type}, so there is nothing to measure; annotate "
                "some and prepare the dataset again"
            )


def note_missing_metric(finished: Finished, prepared: PreparedDataset, results: epath.Path) -> None:
    """Warns of a metric that is not a number, and keeps the warning beside the result rows.

    The weights of such a link are finite; but its validation images have nothing that the metric
    counts, as where all objects are crowds.
    """
    link = finished.link
    sentence = (
        f"{link.task}: {finished.metric} cannot be computed, since nothing that it counts is "
        "labeled in the validation images; rows of this task have no value and no gain. Annotate "
        f"validation images of {prepared.dataset.id} and prepare it again"
    )
    warn(sentence)
    key = f"{prepared.digest}.{link.task.type}"
    data_warnings.write_warnings(prepared.dataset.id, key, [sentence], results)
