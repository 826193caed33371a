"""Computes average precision by pycocotools on files, and by VOC's rule one box at a time."""

import contextlib
import io
import itertools
import json

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def by_files(truth, found, images, classes, kind, tmp_path, sigmas=None):
    """Runs pycocotools as usual: files in COCO's format, default settings."""
    annotations, results = [], []
    for number in range(len(truth.images)):
        ymin, xmin, ymax, xmax = (float(v) for v in truth.boxes[number])
        annotation = {
            "id": number + 1,
            "image_id": int(truth.images[number]) + 7,
            "category_id": int(truth.labels[number]) + 1,
            "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
            "area": float(truth.areas[number]),
            "iscrowd": int(truth.crowds[number]),
        }
        if truth.keypoints is not None:
            flat = [[float(x), float(y), int(v)] for y, x, v in truth.keypoints[number]]
            annotation["keypoints"] = list(itertools.chain(*flat))
            annotation["num_keypoints"] = sum(v > 0 for _, _, v in flat)
        annotations.append(annotation)
    for number in range(len(found.images)):
        ymin, xmin, ymax, xmax = (float(v) for v in found.boxes[number])
        result = {
            "image_id": int(found.images[number]) + 7,
            "category_id": int(found.labels[number]) + 1,
            "score": float(found.scores[number]),
        }
        if found.keypoints is None:
            result["bbox"] = [xmin, ymin, xmax - xmin, ymax - ymin]
        else:
            flat = [[float(x), float(y), float(v)] for y, x, v in found.keypoints[number]]
            result["keypoints"] = list(itertools.chain(*flat))
        results.append(result)
    content = {
        "images": [{"id": number + 7} for number in range(images)],
        "categories": [{"id": label + 1, "name": str(label)} for label in range(classes)],
        "annotations": annotations,
    }
    (tmp_path / "truth.json").write_text(json.dumps(content))
    (tmp_path / "found.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        truth_file = COCO(str(tmp_path / "truth.json"))
        evaluation = COCOeval(truth_file, truth_file.loadRes(str(tmp_path / "found.json")), kind)
        if sigmas is not None:
            evaluation.params.kpt_oks_sigmas = np.asarray(sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def voc_by_hand(truth, found, classes):
    """Applies the devkit's rule to one prediction after the other."""
    precisions = []
    for label in range(classes):
        mine = [i for i in range(len(truth.images)) if truth.labels[i] == label]
        total = sum(not truth.crowds[i] for i in mine)
        if not total:
            continue
        rows = [i for i in range(len(found.images)) if found.labels[i] == label]
        rows.sort(key=lambda i: -found.scores[i])
        taken, hits, tried, curve = set(), 0, 0, []
        for row in rows:
            best, goal = 0.0, None
            for i in mine:
                if truth.images[i] == found.images[row]:
                    iou = overlap(truth.boxes[i].tolist(), found.boxes[row].tolist())
                    if iou > best:
                        best, goal = iou, i
            if best >= 0.5 and truth.crowds[goal]:
                continue
            tried += 1
            if best >= 0.5 and goal not in taken:
                taken.add(goal)
                hits += 1
            curve.append((hits / total, hits / tried))
        area, recall = 0.0, 0.0
        for place, (reached, _) in enumerate(curve):
            area += (reached - recall) * max(precision for _, precision in curve[place:])
            recall = reached
        precisions.append(area)
    return np.mean(precisions)


def overlap(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    both = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return height * width / (both - height * width)
