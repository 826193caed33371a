"""Judges masks and depth by their counts."""

import math

import numpy as np

from foi_tf.data.convert.audit.findings import AuditFinding, count_marked, list_absent
from foi_tf.data.convert.audit.observe import IGNORED_SHARE
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec
from foi_tf.study.dataset import Dataset
from foi_tf.wording import count_noun

# All are ours.
_NEARLY_ALL = 0.999  # Share of the pixels with which one class leaves nothing to others.
_NEAREST, _NEAR, _FAR = 0.02, 0.1, 200.0  # Typical depths in meters that are doubtful.
_FEW = 3  # Examples up to which all may happen to show one class.
_MANY = 10  # Examples from which on a rule that all of them follow says something.
_MOST = 0.9  # Share of examples that follow such a rule.
_SOME = 0.25  # Share of examples from which on one remarkable value is worth a warning.


def judge_class_map(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    """Finds masks that show nothing, one class only, or the foreground as 255."""
    del looked_for
    sums, masks = tally.sums, int(tally.sums[f"{field.task_type}.images"])
    names = dataset.names.get(field.task_type) or tuple(
        map(str, range(dataset.classes[field.task_type]))
    )
    pixels = [sums[f"{field.name}.class {i}"] for i in range(len(names))]
    known, ignored = sum(pixels), sums[f"{field.name}.ignored"] / sums[f"{field.name}.pixels"]
    shown = [name for name, count in zip(names, pixels, strict=True) if count]
    white = schema.IGNORE[field.stored_dtype(dataset)]
    found = []
    if sums[f"{field.name}.binary"] and pixels[0] == known:
        binary = count_marked(tally, f"{field.name}.binary", masks, "mask")
        text = (
            f"{split}: {binary} hold only 0 and {white}, which is ignored "
            f"({100 * ignored:.0f} % of the pixels), and "
        )
        if len(names) > 1:
            text += f"none shows '{names[1]}' (1); if {white} is that class, give"
        else:
            text += f"'{names[0]}' is the only class; if {white} is that class, name the background"
            text += " before it in classes.json, and give"
        text += " foi-prepare --format=binary_masks in place of --format=masks"
        return [AuditFinding(text, certain=True)]
    if not known:
        text = f"{split}: all pixels of its {count_noun(masks, 'mask')} are ignored ({white})"
        return [AuditFinding(f"{text}; nothing can be learned or measured", certain=True)]
    if len(shown) == 1 and len(names) > 1:
        text = f"{split}: all labeled pixels are of class '{shown[0]}'"
        remedy = "nothing can be learned; see that the masks hold class ids"
        found.append(
            AuditFinding(f"{text}, so {remedy}", certain=split == "train" and masks >= _FEW)
        )
    elif len(names) == 1:
        text = f"{split}: there is only the class '{names[0]}', so any mask is right; name the "
        text += "background, too, as the first class"
        found.append(AuditFinding(text))
    elif max(pixels) > _NEARLY_ALL * known:
        largest = names[int(np.argmax(pixels))]
        share = 100 * max(pixels) / known
        found.append(
            AuditFinding(f"{split}: '{largest}' covers {share:.2f} % of the labeled pixels")
        )
    found += list_absent(tally, field.name, names, split, "pixel")
    if ignored > IGNORED_SHARE:
        where = count_marked(tally, f"{field.name}.mostly ignored", masks, "mask")
        found.append(
            AuditFinding(
                f"{split}: {white}, which is ignored, covers {100 * ignored:.0f} % of the pixels; "
                f"over a quarter in {where}; if it is a class, give it an id"
            )
        )
    if sums[f"{field.name}.blank"]:
        where = count_marked(tally, f"{field.name}.blank", masks, "mask")
        found.append(
            AuditFinding(f"{split}: {where} without a labeled pixel; annotate or remove them")
        )
    return found


def judge_real_map(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    """Finds depth in another unit, constant, inverse or with a value that means unknown."""
    del looked_for
    name, sums = field.name, tally.sums
    maps = int(sums[f"{name}.maps"])
    if not maps or not field.values:
        return []
    typical = math.exp(sums[f"{name}.logarithms"] / maps)
    found = []
    if not _NEAR <= typical <= _FAR:
        text = (
            f"{split}: half of the {name} is around {typical:.3g} {field.values.symbol}; if that "
            f'is wrong, {name}.json says the unit, as {{"unit": "meter"}}'
        )
        certain = typical < _NEAREST and dataset.domain != "close-up"
        found.append(AuditFinding(text, certain=certain))
    texts = {
        "constant": "with one value only",
        "at top": "where over a quarter of the known pixels have the largest value; if it means "
        f'unknown, {name}.json says so, as {{"invalid": 65535}}',
        "beyond range": f"mostly outside the range of {name}.json, which clips them",
    }
    for mark, text in texts.items():
        if sums[f"{name}.{mark}"] > _SOME * maps:
            where = count_marked(tally, f"{name}.{mark}", maps, f"{name} map")
            found.append(AuditFinding(f"{split}: {where} {text}"))
    compared, farther = sums[f"{name}.compared"], sums[f"{name}.farther below"]
    if compared >= _MANY and farther > _MOST * compared:
        where = count_marked(tally, f"{name}.farther below", int(compared), f"{name} map")
        found.append(
            AuditFinding(
                f"{split}: {where} with the bottom farther than the top; if the values are "
                "disparities or inverse depth, convert them to distances"
            )
        )
    return found
