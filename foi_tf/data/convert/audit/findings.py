"""Defines what an audit finds, and words numbers of examples."""

import dataclasses
from collections.abc import Sequence

from foi_tf.data.convert.audit.tally import Tally
from foi_tf.wording import count_noun, list_names_briefly


@dataclasses.dataclass(frozen=True)
class AuditFinding:
    """Holds one thing that is or may be wrong.

    Attributes:
      text: what it is, how many examples show it and the first of them, and the remedy.
      certain: whether there is no doubt, so that the dataset cannot be used as it is.
    """

    text: str
    certain: bool = False


def count_marked(tally: Tally, mark: str, total: int, noun: str, plural: str = "") -> str:
    """Returns how many examples have a mark, and the first: "2 of 6 masks (a.png, b.png)"."""
    count = int(tally.sums[mark])
    of = "all " if count == total > 1 else "" if count == total else f"{count} of "
    return f"{of}{count_noun(total, noun, plural)} ({name_marked(tally, mark)})"


def name_marked(tally: Tally, mark: str) -> str:
    """Returns the first examples that have a mark, as "a.png, b.png and 4 more"."""
    names = tally.names.get(mark, [])
    more = int(tally.sums[mark]) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def list_absent(
    tally: Tally, prefix: str, names: Sequence[str], split: str, what: str
) -> list[AuditFinding]:
    """Finds the classes of which a split shows nothing.

    Args:
      prefix: start of the names of the classes' counts.
      names: names of the classes.
      what: the thing that is missing, "pixel".
    """
    absent = [name for i, name in enumerate(names) if not tally.sums[f"{prefix}.class {i}"]]
    if not absent or len(absent) == len(names):
        return []
    classes = count_noun(len(absent), "class", "classes")
    quoted = list_names_briefly([f"'{name}'" for name in absent], 5)
    hint = ""
    if split == "train" and absent == [names[0]] and len(names) > 2:
        hint = "; if ids count from 1 in the annotations, subtract 1"
    return [
        AuditFinding(
            f"{split}: {classes} of {len(names)} without a {what}: {quoted}; the metric leaves "
            f"them out or counts them as wrong{hint}"
        )
    ]
