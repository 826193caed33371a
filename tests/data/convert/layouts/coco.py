"""Writes a tiny tree of COCO 2017: panoptic PNG and JSON, instances and person keypoints."""

import json

import numpy as np

from foi_tf.study.labels import consumer, joints
from tests.data.convert.layouts import drawing

# (id, name) as COCO numbers them: with gaps among the things, and stuff from 92.
_GAPS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
_THING_IDS = [i for i in range(1, 91) if i not in _GAPS]
_NAMES = consumer.NAMES["coco"]
_THINGS = list(zip(_THING_IDS, _NAMES["detection"], strict=True))
_STUFF = [(92 + 2 * i, name) for i, name in enumerate(_NAMES["segmentation"][81:])]
# A segment's id is R + 256 G + 65536 B.
_PERSON, _OTHER, _SKY = (7, 1, 0), (8, 0, 2), (255, 255, 255)
_IMAGES = {"train": (139, 285), "val": (632,)}


def write(root):
    for split, numbers in _IMAGES.items():
        images = [{"id": n, "file_name": f"{n:012d}.jpg", "height": 6, "width": 8} for n in numbers]
        for number in numbers:
            drawing.photo(root / f"{split}2017/{number:012d}.jpg")
            _save_png(root, split, number, [_PERSON, _OTHER, _SKY, (0, 0, 0)])
        _save_json(root, "panoptic", split, images, _panoptic(numbers), _THINGS + _STUFF)
        _save_json(root, "instances", split, images, _instances(numbers[0]), _THINGS)
        _save_json(root, "person_keypoints", split, images, _people(numbers[0]), _THINGS[:1])
    # person, person, the 53rd stuff class (rug-merged), nothing.
    mask = {"mask": drawing.stripes([1, 1, 133, 255]).astype(np.uint8)}
    marks = np.zeros((2, 17, 3), np.float32)
    marks[0, :2] = (2.5, 3.5, 2), (2, 4.5, 1)
    boxes = {
        "boxes": np.asarray([[1, 2, 4, 6.5], [0, 0, 6, 8]], np.float32),
        "box_labels": [79, 0],
        "box_areas": np.asarray([9.5, 40], np.float32),
        "box_crowds": [False, True],
    }
    people = {
        "keypoints": marks,
        "keypoint_boxes": np.asarray([[1, 2, 4, 6], [0, 0, 6, 8]], np.float32),
        "keypoint_areas": np.asarray([9, 40], np.float32),
        "keypoint_crowds": [False, True],
    }
    first = mask | boxes | people
    return {
        "train": {"train/000000000139": first, "train/000000000285": mask},
        "val": {"val/000000000632": first},
    }


def _panoptic(numbers):
    segments = [
        {"id": r + 256 * g + 65536 * b, "category_id": category, "iscrowd": 0}
        for (r, g, b), category in ((_PERSON, 1), (_OTHER, 1), (_SKY, _STUFF[-1][0]))
    ]
    return [
        {"image_id": n, "file_name": f"{n:012d}.png", "segments_info": segments} for n in numbers
    ]


def _instances(number, **changes):
    crowd = {"counts": [0, 48], "size": [6, 8]}
    one = {"id": 1, "image_id": number, "iscrowd": 0, "category_id": 90, "area": 9.5,
           "segmentation": [[2, 1, 6, 1, 6, 4]], "bbox": [2, 1, 4.5, 3]}  # fmt: skip
    return [
        one | changes,
        # As 550395 of train2017: a box of no height.
        one | {"id": 2, "bbox": [2.65, 3.33, 1.03, 0.0], "area": 0.0},
        one | {"id": 3, "iscrowd": 1, "category_id": 1, "area": 40, "segmentation": crowd,
               "bbox": [0, 0, 8, 6]},
    ]  # fmt: skip


def _people(number):
    one = {"id": 1, "image_id": number, "iscrowd": 0, "category_id": 1, "area": 9,
           "num_keypoints": 2, "bbox": [2, 1, 4, 3],
           "keypoints": [3, 2, 2, 4, 1.5, 1] + [0] * 45}  # fmt: skip
    crowd = {"id": 2, "iscrowd": 1, "area": 40, "num_keypoints": 0, "keypoints": [0] * 51}
    return [one, one | crowd | {"bbox": [0, 0, 8, 6]}]


def _save_json(root, name, split, images, annotations, categories):
    categories = [{"id": i, "name": n, "supercategory": "x"} for i, n in categories]
    if name == "person_keypoints":
        skeleton = {"skeleton": [[16, 14]]}
        names = [joint.replace(" ", "_") for joint in joints.COCO]
        categories = [categories[0] | skeleton | {"keypoints": names}]
    content = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    drawing.write_text(root / f"annotations/{name}_{split}2017.json", json.dumps(content))


def _png(root, split, number):
    return root / f"annotations/panoptic_{split}2017/{number:012d}.png"


def _save_png(root, split, number, colors):
    drawing.save(_png(root, split, number), drawing.stripes(colors).astype(np.uint8))


def _edit(name, change):
    def edit(root):
        path = root / f"annotations/{name}_train2017.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


SPOILS = {
    r"000000000139\.png: segment 9 is not in .*panoptic_train2017\.json": lambda root: _save_png(
        root, "train", 139, [(9, 0, 0)]
    ),
    r"000000000139\.png: No such file": lambda root: _png(root, "train", 139).unlink(),
    r"panoptic_train2017\.json: 0+139\.png: category_id 12 is not in": _edit(
        "panoptic", lambda c: c["annotations"][0]["segments_info"][0].update(category_id=12)
    ),
    r"panoptic_train2017\.json: label 1, 'man', is neither a class of coco": _edit(
        "panoptic", lambda c: c["categories"][0].update(name="man")
    ),
    r"panoptic_train2017\.json: annotations\[1\]: 'segments_info' is missing": _edit(
        "panoptic", lambda c: c["annotations"][1].pop("segments_info")
    ),
    r"panoptic_train2017\.json: has an annotation of image_id 5, but does not": _edit(
        "panoptic", lambda c: c["annotations"][1].update(image_id=5)
    ),
    r"instances_train2017\.json: its detection categories are not those of COCO 2017": _edit(
        "instances", lambda c: c["categories"].pop()
    ),
    r"instances_train2017\.json: image 139: there is no file train2017/x\.jpg": _edit(
        "instances", lambda c: c["images"][0].update(file_name="x.jpg")
    ),
    r"139\.jpg: box 0 .* is outside the image": _edit(
        "instances", lambda c: c["annotations"][0].update(bbox=[2, 1, 40, 3])
    ),
    r"person_keypoints_train2017\.json: 0+139\.jpg: 'keypoints' has 4 numbers": _edit(
        "person_keypoints", lambda c: c["annotations"][0].update(keypoints=[1, 2, 3, 4])
    ),
}
