"""Draws models that predict the annotation itself: both pictures have to be the same."""

import numpy as np
import pytest

from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.inspect import visualize
from foi_tf.errors import FoiError
from foi_tf.inference import prediction_strips
from foi_tf.inference.opened_model import OpenedModel
from foi_tf.inference.predicted_annotation import make_annotation
from tests import raw_folders

KINDS = ("segmentation", "detection", "keypoints", "depth")


@pytest.fixture(name="prepared", scope="module")
def _prepared(tmp_path_factory):
    place = tmp_path_factory.mktemp("raw")
    root = raw_folders.write_folder(place / "raw", train=2, val=3, keypoints=("brick",), depth=True)
    found = custom_dataset.find_custom_dataset(
        root, ["coco", "masks", "depth"], "mine", "aerial", None
    )
    return builder.build_records(found, place / "data")


def open_fake(row, kind, found, **facts):
    """Makes a model that predicts the same for every image: arrays without the batch."""
    facts = {
        "chain": ["scratch", f"mine:{kind}"], "task": f"mine:{kind}", "task_type": kind,
        "domain": "aerial", "training_images": 2, "classes": row.classes[kind],
        "class_names": list(row.names.get(kind, ())),
    } | facts  # fmt: skip

    class Array:
        def __init__(self, values):
            self.values = values

        def numpy(self):
            return np.asarray(self.values)[None]

    predicted = {name: Array(values) for name, values in found.items()}
    return OpenedModel(facts, {"predict": lambda images: predicted})


def predict_annotation(example, kind):
    """Returns what a perfect model predicts, with one wrong object of a low score behind."""
    if kind == "segmentation":
        return {"mask": example["mask"].astype(np.int32)}
    if kind == "depth":
        return {"depth": example["depth"]}
    boxes = example["boxes" if kind == "detection" else "keypoint_boxes"]
    found = {
        "boxes": np.concatenate([boxes, [[0, 0, 9, 9]]]).astype(np.float32),
        "scores": np.append(np.full(len(boxes), 0.9), 0.1).astype(np.float32),
    }
    if kind == "detection":
        return found | {"labels": np.append(example["box_labels"], 0)}
    marks = np.concatenate([example["keypoints"], np.zeros_like(example["keypoints"][:1])])
    marks[..., 2] = np.where(marks[..., 2] == 2, 0.8, 0)  # Occluded ones have no peak.
    return found | {"keypoints": marks.astype(np.float32)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_prediction_looks_like_the_annotation(kind, prepared, monkeypatch):
    drawn = []
    draw = visualize.draw_tiles

    def keep(*given):
        drawn.append(draw(*given)[-1])
        return [drawn[-1]]

    monkeypatch.setattr(visualize, "draw_tiles", keep)
    examples = list(prediction_strips.read_prepared(prepared, kind, "val", 2))
    assert len(examples) == 2
    for example in examples:
        if kind == "keypoints":  # All of these are annotated; the others would be rings.
            marks = example["keypoints"].copy()
            marks[..., 2] = np.maximum(marks[..., 2], 1)
            example["keypoints"] = marks
        model = open_fake(prepared.dataset, kind, predict_annotation(example, kind))
        strip = prediction_strips.draw_strip(example, {"A": model}, prepared.dataset, height=96)
        truth, found = drawn[-2:]
        np.testing.assert_array_equal(truth.image, found.image)
        assert (truth.image != 0).any() and strip.shape[0] > 96 and strip.shape[1] > 3 * 120
    row = draw({k: v for k, v in example.items() if k in ("id", "image", "size")},
               prepared.dataset, 96)[-1]  # fmt: skip
    assert (row.image != truth.image).any()


def test_objects_of_low_scores_are_left_out_and_counted():
    found = {
        "boxes": np.zeros((3, 4)), "labels": np.array([1, 0, 0]), "scores": np.array([0.5, 0.29, 0])
    }  # fmt: skip
    fields, said = make_annotation("detection", found, 0.3)
    assert fields["box_labels"].tolist() == [1] and said == ", 1 of score 0.3 or more (best 0.50)"
    fields, _ = make_annotation("detection", found, 0.0)
    assert len(fields["boxes"]) == 2  # A score of 0 marks an empty row.
    assert make_annotation("classification", {"label": np.int32(3)}, 0.3) == ({"label": 3}, "")


def test_depth_of_annotation_and_predictions_has_one_scale(prepared):
    """Draws a prediction of twice the depth: beside the annotation, its nearest is not yellow."""
    (example,) = prediction_strips.read_prepared(prepared, "depth", "val", 1)
    twice = open_fake(prepared.dataset, "depth", {"depth": example["depth"] * 2})
    alone = prediction_strips.draw_strip(example, {"A": twice}, None, height=96)
    beside = prediction_strips.draw_strip(example, {"A": twice}, prepared.dataset, height=96)
    yellow = [(x[4:100, -110:-10, 2] < 60) & (x[4:100, -110:-10, 0] > 200) for x in (alone, beside)]
    assert yellow[0].any() and not yellow[1].any()


def test_images_of_a_folder_need_no_annotation(prepared, tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw", train=2, val=1, boxes=False)
    examples = list(prediction_strips.read_folder(root / "images", 2))
    assert [e["id"] for e in examples] == ["train/000.jpg", "train/001.jpg"]
    assert examples[0]["image"].shape == (48, 64, 3) and set(examples[0]) == {"id", "image", "size"}
    found = {"mask": np.ones((48, 64), np.int32)}
    models = {name: open_fake(prepared.dataset, "segmentation", found) for name in ("A", "B")}
    strip = prediction_strips.draw_strip(examples[0], models, height=48)
    assert strip.shape[1] >= 3 * 64
    with pytest.raises(FoiError, match="no images in it"):
        list(prediction_strips.read_folder(tmp_path / "raw" / "masks" / "none", 2))


def test_models_have_to_predict_one_task_type(prepared):
    two = {kind: open_fake(prepared.dataset, kind, {}) for kind in ("depth", "detection")}
    with pytest.raises(FoiError, match="not depth depth, detection detection"):
        prediction_strips.find_task_type(two)
    bare = OpenedModel({"chain": ["ilsvrc"]}, {"get_features": None})
    with pytest.raises(FoiError, match="A: a backbone without a head; name the link of a target"):
        prediction_strips.find_task_type({"A": bare})
    with pytest.raises(FoiError, match="mine: no classification annotations in val"):
        list(prediction_strips.read_prepared(prepared, "classification", "val", 2))
