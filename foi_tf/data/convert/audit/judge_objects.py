"""Judges boxes, their classes and keypoints by their counts."""

from foi_tf.data.convert.audit.findings import AuditFinding, count_marked, list_absent
from foi_tf.data.convert.audit.tally import Tally
from foi_tf.data.records.schema import FieldSpec
from foi_tf.study.dataset import Dataset
from foi_tf.wording import count_noun

# All are ours.
_MANY = 10  # Examples from which on a rule that all of them follow says something.
_VERY_MANY = 30  # Likewise for a rule that large boxes follow by themselves.
_SEVERAL = 1.5  # Boxes of an image, on average, from which on they are several.
_FEW = 3  # Images of a folder from which on it is remarkable that none has an object.
_MOST, _HALF, _SOME = 0.9, 0.5, 0.1  # Shares of images or points.


def judge_object_labels(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    """Finds splits and folders without objects, and classes without one."""
    kind, sums = field.task_type, tally.sums
    images = int(sums[f"{kind}.images"])
    if not sums[f"{kind}.objects"]:
        places = f"; looked for {' and '.join(looked_for)}" if looked_for else ""
        text = f"{split}: no box in any of its {count_noun(images, 'image')}{places}"
        remedy = "put the annotations there and see that their names are those of the images"
        return [AuditFinding(f"{text}; {remedy}", certain=True)]
    if sums[f"{kind}.objects"] == sums[f"{kind}.crowds"]:
        text = f"{split}: all {int(sums[f'{kind}.objects'])} boxes are of crowds, which are ignored"
        remedy = "nothing can be learned or measured; annotate single objects"
        return [AuditFinding(f"{text}; {remedy}", certain=True)]
    found = []
    empty = 0
    for name in sums:
        if not name.startswith(f"{kind}.empty in "):
            continue
        folder, count = name.removeprefix(f"{kind}.empty in "), int(sums[name])
        empty += count
        if count == sums[f"{kind}.folder {folder}"] >= _FEW:
            where = count_marked(tally, name, count, "image")
            found.append(
                AuditFinding(
                    f"{split}: no box in {where} of the folder '{folder}'; are labels missing?"
                )
            )
    if images >= _MANY and empty > _MOST * images and not found:
        found.append(AuditFinding(f"{split}: {empty} of {count_noun(images, 'image')} have no box"))
    names = dataset.names.get(kind) or tuple(map(str, range(dataset.classes[kind])))
    return found + list_absent(tally, field.name, names, split, "box")


def judge_boxes(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    """Finds boxes in shares of the image, of another size of it, or with corners as sides."""
    del dataset, looked_for
    name, sums = field.name, tally.sums
    images, boxes = int(sums[f"{name}.images"]), int(sums[f"{name}.boxes"])
    what = "boxes" if name == "boxes" else "boxes of keypoints"
    found = []
    if sums[f"{name}.shares"]:
        where = count_marked(tally, f"{name}.shares", images, "image")
        text = f"{split}: {what} of {where} are within the first pixel"
        remedy = "if they are shares of the image, multiply them by its width and height"
        found.append(AuditFinding(f"{text}; {remedy}", certain=sums[f"{name}.shares"] == images))
    elif images >= _MANY and sums[f"{name}.in one quarter"] == images:
        text = f"{split}: all {what} are in the upper left quarter of their images"
        remedy = "if they belong to smaller versions of the images, scale them"
        found.append(AuditFinding(f"{text}; {remedy}"))
    if boxes >= _MANY and sums[f"{name}.whole"] == boxes:
        found.append(AuditFinding(f"{split}: all {boxes} {what} cover their whole image"))
    # A single object in the middle of each image looks like this by itself.
    offset, several = sums[f"{name}.offset"], boxes > _SEVERAL * images
    if several and sums[f"{name}.beyond corner"] == offset >= _VERY_MANY:
        text = f"{split}: all {what} are wider and higher than they are away from the corner"
        remedy = "if the files hold second corners, write widths and heights instead"
        found.append(AuditFinding(f"{text}; {remedy}"))
    if boxes and sums[f"{name}.small areas"] > _HALF * boxes:
        count = int(sums[f"{name}.small areas"])
        text = f"{split}: 'area' of {count} of {boxes} {what} is below 1 % of the box"
        found.append(AuditFinding(f"{text}; it must be in pixels, or be left out"))
    return found


def judge_points(
    dataset: Dataset, field: FieldSpec, split: str, tally: Tally, looked_for
) -> list[AuditFinding]:
    """Finds keypoints that are unlabeled, in the corner, in shares, swapped or far away."""
    name, kind, sums = field.name, field.task_type, tally.sums
    labeled, images = sums[f"{name}.labeled"], int(sums[f"{kind}.images"])
    if not labeled:
        places = f"; looked for {' and '.join(looked_for)}" if looked_for else ""
        text = f"{split}: no labeled keypoint in any of its {count_noun(images, 'image')}{places}"
        remedy = "the visibility of labeled ones is 1 or 2"
        return [AuditFinding(f"{text}; {remedy}", certain=True)]
    names = dataset.names.get(kind) or tuple(map(str, range(dataset.classes[kind])))
    found = list_absent(tally, name, names, split, "labeled keypoint")
    corner, outside = sums[f"{name}.in corner"], sums[f"{name}.outside"]
    marked = int(sums[f"{name}.labeled images"])
    if sums[f"{name}.shares"] and corner < labeled:
        where = count_marked(tally, f"{name}.shares", marked, "image")
        text = f"{split}: keypoints of {where} are within the first pixel"
        remedy = "if they are shares of the image, multiply them by its width and height"
        found.append(AuditFinding(f"{text}; {remedy}", certain=sums[f"{name}.shares"] == marked))
    elif corner > _SOME * labeled and labeled >= _MANY:
        text = f"{split}: {corner} of {labeled} labeled keypoints are in the corner (0, 0)"
        remedy = "unlabeled ones must have visibility 0, and shares must become pixels"
        found.append(AuditFinding(f"{text}; {remedy}", certain=corner == labeled))
    beyond = sums[f"{name}.beyond box"]
    if beyond > _HALF * labeled:
        swapped = sums[f"{name}.fits swapped"] > _MOST * beyond
        guess = "x and y seem swapped; swap them" if swapped else "see that both are in pixels"
        text = f"{split}: {beyond} of {labeled} labeled keypoints are far outside their boxes"
        found.append(AuditFinding(f"{text}; {guess}"))
    elif outside > _SOME * labeled:
        text = f"{split}: {outside} of {labeled} labeled keypoints are outside their image"
        found.append(AuditFinding(f"{text}, where they count as unlabeled"))
    return found
