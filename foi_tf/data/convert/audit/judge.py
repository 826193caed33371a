"""Draws conclusions from the counts of both splits."""

import collections
from collections.abc import Callable, Mapping, Sequence

from foi_tf.data.convert.audit import judge_maps, judge_objects
from foi_tf.data.convert.audit.findings import AuditFinding, count_marked, list_absent, name_marked
from foi_tf.data.convert.audit.tally import SHOWN, Tally
from foi_tf.data.records import schema
from foi_tf.data.records.schema import FieldSpec, Geometry
from foi_tf.study.dataset import Dataset
from foi_tf.wording import count_noun

_FEW = 3  # With fewer examples, equal annotations mean nothing; ours.
_REPEATED = 0.1  # Share of images from which on repeated ones are worth a warning; ours.

# The kinds of `doubts.mark`, with the sentences that count them.
_MARKED = {
    "damaged": "{} damaged: decoding goes on with gray or smeared blocks; replace them",
    "transparent": "{} with transparent pixels, whose hidden colors are shown to networks; "
    "flatten the images, as with `magick mogrify -background white -flatten`",
    "dark": "{} of 16 bits below a sixteenth of the range, so almost black with 8 bits; scale all "
    "by one factor so that they fill the range from 0 to 65535",
    "pages": "{} with several pages or frames, of which only the first is read",
    "unknown": "{} with unknown depth everywhere, which count as not annotated",
}


def judge_dataset(
    dataset: Dataset, tallies: Mapping[str, Tally], looked_for: Sequence[str] = ()
) -> list[AuditFinding]:
    """Finds what is wrong, or may be, with the examples of a dataset.

    Args:
      tallies: by split.
      looked_for: where annotations of objects were looked for, for messages.

    Returns:
      Findings that are certain first.
    """
    found = []
    for split in schema.SPLITS:
        tally = tallies[split]
        for task_type in dataset.classes:
            if not tally.sums[f"{task_type}.images"]:
                text = f"{split}: no image is annotated for {task_type}; annotate some, or leave"
                found.append(AuditFinding(f"{text} its format out", certain=True))
                continue
            for field in schema.fields_of(task_type):
                if field.geometry in _JUDGES:
                    found += _JUDGES[field.geometry](dataset, field, split, tally, looked_for)
        found += _judge_marks(split, tally) + _judge_repetition(dataset, split, tally)
    found += _judge_overlap(tallies) + _judge_palettes(tallies)
    return sorted(found, key=lambda finding: not finding.certain)


def class_names(dataset: Dataset, task_type: str) -> tuple[str, ...]:
    """Returns the names of the classes, or their numbers."""
    count = dataset.classes[task_type]
    return dataset.names.get(task_type) or tuple(map(str, range(count)))


def _judge_labels(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    del looked_for
    names = class_names(dataset, field.task_type)
    shown = [name for i, name in enumerate(names) if tally.sums[f"{field.name}.class {i}"]]
    if len(shown) == 1 and split == "train":
        text = f"{split}: all images are of class '{shown[0]}', so nothing can be learned"
        return [AuditFinding(f"{text}; there must be images of two classes at least", certain=True)]
    return list_absent(tally, field.name, names, split, "single image")


def _judge_marks(split: str, tally: Tally) -> list[AuditFinding]:
    total = int(tally.sums["images"])
    return [
        AuditFinding(f"{split}: {sentence.format(count_marked(tally, kind, total, 'image'))}")
        for kind, sentence in _MARKED.items()
        if tally.sums[kind]
    ]


def _judge_repetition(dataset: Dataset, split: str, tally: Tally) -> list[AuditFinding]:
    found = []
    by_image = collections.defaultdict(list)
    for name, (image, annotations) in tally.digests.items():
        by_image[image].append((name, annotations))
    repeated = [own for own in by_image.values() if len(own) > 1]
    unequal = [own for own in repeated if len({annotations for _, annotations in own}) > 1]
    if unequal:
        pair = " and ".join(sorted(name for name, _ in unequal[0])[:2])
        images = count_noun(len(unequal), "image")
        found.append(
            AuditFinding(
                f"{split}: {images} there more than once with different annotations ({pair}); keep "
                "the right one"
            )
        )
    copies = sum(len(own) - 1 for own in repeated)
    if copies > _REPEATED * len(tally.digests):
        pair = " and ".join(sorted(name for name, _ in repeated[0])[:2])
        total = count_noun(len(tally.digests), "image")
        found.append(AuditFinding(f"{split}: {copies} of {total} are copies of others ({pair})"))
    annotations = {own for _, own in tally.digests.values()}
    labeled_only = set(dataset.classes) == {"classification"}
    if len(annotations) == 1 and len(tally.digests) >= _FEW and not labeled_only:
        total = count_noun(len(tally.digests), "image")
        found.append(AuditFinding(f"{split}: all {total} have the same annotations"))
    return found


def _judge_overlap(tallies: Mapping[str, Tally]) -> list[AuditFinding]:
    seen = {image: name for name, (image, _) in tallies["train"].digests.items()}
    shared = sorted(
        (name, seen[image]) for name, (image, _) in tallies["val"].digests.items() if image in seen
    )
    if not shared:
        return []
    pairs = ", ".join(f"{val} = {train}" for val, train in shared[:SHOWN])
    total = len(tallies["val"].digests)
    return [
        AuditFinding(
            f"val: {len(shared)} of {count_noun(total, 'image')} are training images too ({pairs}),"
            " so the metric is not that of unseen images; make the splits disjoint"
        )
    ]


def _judge_palettes(tallies: Mapping[str, Tally]) -> list[AuditFinding]:
    colors = collections.defaultdict(dict)
    for tally in tallies.values():
        for mark in tally.names:
            if mark.startswith("palette "):
                _, index, color = mark.split(" ", 2)
                colors[int(index)][color] = name_marked(tally, mark)
    for index, by_color in sorted(colors.items()):
        if len(by_color) > 1:
            shown = " and ".join(f"{color} in {where}" for color, where in [*by_color.items()][:2])
            return [
                AuditFinding(
                    f"masks have palettes that disagree: {index} is {shown}; the indices count as "
                    "classes, not the colors, so write masks with one palette"
                )
            ]
    return []


_JUDGES: Mapping[Geometry, Callable[..., list[AuditFinding]]] = {
    Geometry.LABEL: _judge_labels,
    Geometry.CLASS_MAP: judge_maps.judge_class_map,
    Geometry.REAL_MAP: judge_maps.judge_real_map,
    Geometry.OBJECT_LABELS: judge_objects.judge_object_labels,
    Geometry.BOXES: judge_objects.judge_boxes,
    Geometry.POINTS: judge_objects.judge_points,
}
