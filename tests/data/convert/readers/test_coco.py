import json

import pytest

from foi_tf.errors import FoiError
from tests import raw_folders
from tests.data.convert.reading import examples, find


def coco(root):
    return root / "annotations/train.json"


def edit(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def test_keypoint_categories_alone_make_a_keypoint_set(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick", "leaf"))
    dataset = find(root, "coco").dataset
    assert dataset.classes == {"keypoints": 4} and dataset.names == {
        "keypoints": raw_folders.JOINTS
    }
    assert dataset.flip_pairs == ((0, 1),) and dataset.sigmas == ()
    for example in examples(root, "coco"):
        assert "boxes" not in example
        assert example["keypoints"].shape == (2, 4, 3)
        for (ymin, xmin, ymax, xmax), marks, area in zip(
            *(example[f"keypoint{name}"] for name in ("_boxes", "s", "_areas")), strict=True
        ):
            corners = [[ymin, xmin, 2], [ymin, xmax, 2], [(ymin + ymax) / 2, (xmin + xmax) / 2, 1]]
            assert (marks[:3] - [0.5, 0.5, 0]).tolist() == corners and not marks[3].any()
            assert area == (ymax - ymin) * (xmax - xmin)
        assert example["keypoint_crowds"].tolist() == [False, False]


def test_other_categories_make_it_a_detection_set_too(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("leaf",))
    dataset = find(root, "coco").dataset
    assert dataset.classes == {"detection": 2, "keypoints": 4}
    for example in examples(root, "coco"):
        assert example["box_labels"].tolist() == [0, 1]
        assert example["keypoint_boxes"].tolist() == example["boxes"][1:].tolist()


def test_keypoints_survive_beside_other_formats(tmp_path):
    root = raw_folders.write_folder(tmp_path, keypoints=("brick", "leaf"), depth=True)
    edit_both(root, lambda c: [k.update(sigmas=[0.1] * 4) for k in c["categories"]])
    dataset = find(root, "masks", "depth", "coco").dataset
    assert dataset.classes == {"segmentation": 3, "depth": 1, "keypoints": 4}
    assert dataset.flip_pairs == ((0, 1),) and dataset.sigmas == (0.1,) * 4


def edit_both(root, function):
    for split in ("train", "val"):
        edit(root / f"annotations/{split}.json", function)


def test_flip_pairs_follow_from_names(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick", "leaf"))
    edit_both(root, lambda c: [k.pop("flip_pairs") for k in c["categories"]])
    assert find(root, "coco").dataset.flip_pairs == ((0, 1),)
    names = ["nose", "RightEar", "LeftEar", "left_paw"]
    edit_both(root, lambda c: [k.update(keypoints=names) for k in c["categories"]])
    assert find(root, "coco").dataset.flip_pairs == ((2, 1),)
    edit_both(root, lambda c: [k.update(flip_pairs=[]) for k in c["categories"]])
    assert find(root, "coco").dataset.flip_pairs == ()


def test_instances_may_lack_keypoints_and_keypoints_may_leave_their_box(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick", "leaf"))
    outside = [99, -3, 2, 30, 20, 1, 5, 6, 0, 0, 0, 0]
    edit(coco(root), lambda c: c["annotations"][0].pop("keypoints"))
    edit(coco(root), lambda c: c["annotations"][1].update(keypoints=outside, bbox=[1, 1, 4, 4]))
    first, second = examples(root, "coco")[0]["keypoints"]
    assert not first.any()
    assert second.tolist() == [[-2.5, 99.5, 2], [20.5, 30.5, 1], [0, 0, 0], [0, 0, 0]]


def test_crowds_and_images_without_objects_are_kept(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("leaf",))
    rle = {"counts": "abc", "size": [48, 64]}
    edit(coco(root), lambda c: c["annotations"][1].update(iscrowd=1, segmentation=rle))
    edit(coco(root), lambda c: c.update(annotations=c["annotations"][:2]))
    first, *others = examples(root, "coco")
    assert first["box_crowds"].tolist() == [False, True]
    assert first["keypoint_crowds"].tolist() == [True]
    assert len(others) == 7
    assert all(e["boxes"].shape == (0, 4) and e["keypoints"].shape == (0, 4, 3) for e in others)


def test_boxes_without_area_are_left_out_and_counted(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("leaf",))
    edit(coco(root), lambda c: c["annotations"][0].update(bbox=[3, 3, 0, 5]))
    edit(coco(root), lambda c: c["annotations"][3].update(bbox=[3.5, 3.25, 1.03, 0.0]))
    first, second, third = examples(root, "coco")[:3]
    assert first["box_labels"].tolist() == [1] and len(first["keypoints"]) == 1
    assert second["box_labels"].tolist() == [0] and len(second["keypoints"]) == 0
    assert third["box_labels"].tolist() == [0, 1]
    (said,) = find(root, "coco").doubts
    assert said == f"{coco(root)}: left out 2 of 16 boxes, without width or height"


def test_category_ids_may_have_gaps_and_any_order(tmp_path):
    root = raw_folders.write_folder(tmp_path, masks=False)
    edit_both(root, lambda c: c["categories"].insert(0, {"id": 900, "name": "last"}))
    edit_both(root, lambda c: c["annotations"][0].update(category_id=900))
    assert find(root, "coco").dataset.names["detection"] == ("brick", "leaf", "last")
    assert examples(root, "coco")[0]["box_labels"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda c: c["annotations"][1].pop("bbox"),
            r"annotations\[1\]: 'bbox' is missing, and it h",
        ),
        (lambda c: c["annotations"][0].pop("image_id"), r"annotations\[0\]: 'image_id' is missing"),
        (lambda c: c["images"][2].pop("file_name"), r"images\[2\]: 'file_name' is missing"),
        (lambda c: c["categories"][0].pop("name"), r"categories\[0\]: 'name' is missing"),
        (lambda c: c["annotations"][0].update(bbox=[1, 2, 3]), r"annotations\[0\]\.bbox\[3\]: "),
        (lambda c: c["annotations"][0].update(bbox=None), r"annotations\[0\]: 'bbox' is missing"),
        (lambda c: c.update(annotations={}), "train.json: annotations: Input should be"),
        (lambda c: c["annotations"][0]["bbox"].__setitem__(0, float("nan")), "box 0 is not finite"),
        (lambda c: c["annotations"][0].update(bbox=[-9, 0, 20, 20]), "box 0 .* outside the image"),
        (lambda c: c["annotations"][0].update(bbox=[3, 3, -2, 5]), "box 0 .* is empty"),
        (lambda c: c["annotations"][0].update(keypoints=[1, 2, 2]), "'keypoints' has 3 numbers"),
        (lambda c: c["annotations"][0]["keypoints"].__setitem__(2, 3), "visibility 0, 1 or 2"),
        (lambda c: c["annotations"][0]["keypoints"].__setitem__(0, float("nan")), "must be finite"),
        (
            lambda c: c["images"].append(c["images"][0] | {"id": 77}),
            "000.jpg or its id is listed t",
        ),
        (lambda c: c["images"][1].update(id=0), "image 0: train/001.jpg or its id is listed twice"),
    ],
)
def test_mistakes_in_keypoint_json_are_named(tmp_path, change, said):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick", "leaf"))
    edit(coco(root), change)
    with pytest.raises(FoiError, match=said) as caught:
        examples(root, "coco")
    assert "train" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda k: k[1].update(keypoints=["x"]),
            "category 'leaf': its keypoints differ from those of",
        ),
        (lambda k: [one.update(flip_pairs=[[0, 4]]) for one in k], "'flip_pairs' must be pairs"),
        (lambda k: [one.update(flip_pairs=[[0, 0]]) for one in k], "'flip_pairs' must be pairs"),
        (
            lambda k: [one.update(flip_pairs=[[0]]) for one in k],
            r"categories\[0\]\.flip_pairs\[0\]\[1\]: F",
        ),
        (lambda k: [one.update(sigmas=[0.1]) for one in k], "'sigmas' must be positive, one for"),
        (lambda k: [one.update(sigmas=[0] * 4) for one in k], "'sigmas' must be positive"),
        (lambda k: k[1].update(id=10), "their ids must differ"),
        (lambda k: k.clear(), "their ids must differ"),
    ],
)
def test_mistakes_in_categories_are_named(tmp_path, change, said):
    root = raw_folders.write_folder(tmp_path, masks=False, keypoints=("brick", "leaf"))
    edit_both(root, lambda c: change(c["categories"]))
    with pytest.raises(FoiError, match=said):
        find(root, "coco")


def test_broken_json_is_named(tmp_path):
    root = raw_folders.write_folder(tmp_path)
    for text in (coco(root).read_text()[:-9], "", "\x00"):
        coco(root).write_text(text)
        with pytest.raises(FoiError, match=r"train\.json: is not JSON"):
            find(root, "coco")
    coco(root).write_text("[]")
    with pytest.raises(FoiError, match=r"train\.json: is not COCO JSON"):
        find(root, "coco")
