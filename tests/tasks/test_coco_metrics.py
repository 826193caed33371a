"""Compares average precision with pycocotools on JSON files, and with VOC's rule by hand."""

import gc
import json
import os
import pathlib

import numpy as np
import pytest

from foi_tf.tasks import coco_evaluation, coco_metrics, voc_metrics
from foi_tf.tasks.objects import ANY_AREA, AREAS, Objects, count_by_size
from tests.tasks.precision_references import by_files, voc_by_hand
from tests.tasks.random_objects import jitter, objects, random_truth

SIGMAS = np.asarray([0.026, 0.079, 0.107, 0.062, 0.035])


def test_both_libraries_compute_the_same_precision(monkeypatch):
    """Compares arrays, not means: of boxes, and of keypoints with crowds and lost marks."""
    assert coco_evaluation.hotcoco is not None
    rng = np.random.default_rng(5)
    areas = [ANY_AREA, *AREAS]
    cases = []
    for keypoints, sigmas in ((0, None), (5, SIGMAS)):
        classes = 1 if keypoints else 4
        truth = random_truth(rng, 25, classes, most=30, keypoints=keypoints)
        cases.append((truth, jitter(rng, truth, classes), 25, classes, areas, 20, sigmas))
    nothing = objects([], crowds=np.zeros(0, bool))
    none = objects([], scores=np.zeros(0))
    cases += [(nothing, none, 1, 2, areas, 20, None), (cases[0][0], none, 25, 4, areas, 20, None)]
    cases += [(nothing, cases[0][1], 25, 4, areas, 20, None)]
    fast = [coco_evaluation.compute_precision(*case) for case in cases]
    monkeypatch.setattr(coco_evaluation, "hotcoco", None)
    for case, value in zip(cases, fast, strict=True):
        np.testing.assert_array_equal(value, coco_evaluation.compute_precision(*case))
    assert 0 < fast[0].max() <= 1 and 0 < fast[1].max() <= 1


@pytest.fixture
def collections():
    """Lists the collections of Python's garbage collector that begin and end."""
    seen = []

    def note(phase, _):
        seen.append(phase)

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)
    gc.enable()


@pytest.mark.parametrize("enabled", [True, False])
def test_records_of_many_people_wake_the_garbage_collector_once_at_most(enabled, collections):
    people = random_truth(np.random.default_rng(0), 300, 1, most=30, keypoints=5)
    if not enabled:
        gc.disable()
    collections.clear()
    assert len(people.records()) > 2000 and collections in ([], ["start", "stop"])
    assert gc.isenabled() == enabled


@pytest.mark.parametrize("seed", range(4))
def test_box_map_equals_pycocotools(seed, tmp_path):
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, 25, 4)
    found = jitter(rng, truth, 4)
    expected = by_files(truth, found, 25, 4, "bbox", tmp_path)[0]
    value = coco_metrics.compute_box_map(truth, found, 25, 4)
    assert 0.05 < value < 0.95 and value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_oks_ap50_equals_pycocotools(seed, tmp_path):
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, 25, 1, keypoints=5)
    found = jitter(rng, truth, 1)
    expected = by_files(truth, found, 25, 1, "keypoints", tmp_path, SIGMAS)[1]
    value = coco_metrics.compute_oks_ap50(truth, found, 25, SIGMAS)
    assert 0.05 < value < 0.95 and value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_voc_ap50_equals_the_devkits_rule(seed):
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, 25, 4)
    found = jitter(rng, truth, 4)
    value = voc_metrics.compute_voc_ap50(truth, found, 4)
    assert value == pytest.approx(voc_by_hand(truth, found, 4), abs=1e-9)


def test_many_predictions_of_an_image(tmp_path):
    """COCO counts only the best hundred of a class, VOC counts all."""
    rng = np.random.default_rng(9)
    truth = random_truth(rng, 3, 1, most=150)
    found = jitter(rng, truth, 1, extra=2)
    expected = by_files(truth, found, 3, 1, "bbox", tmp_path)[0]
    assert coco_metrics.compute_box_map(truth, found, 3, 1) == pytest.approx(expected, abs=1e-6)
    value = voc_metrics.compute_voc_ap50(truth, found, 1)
    assert value == pytest.approx(voc_by_hand(truth, found, 1), abs=1e-9)


def test_voc_ap50_by_hand():
    truth = objects([[0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]], crowds=[False] * 3)
    boxes = [[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [80, 80, 90, 90]]
    found = objects(boxes, scores=[0.9, 0.8, 0.7, 0.6])
    # Right, wrong (the box is taken), right, wrong: precisions 1 and 2/3 at recalls 1/3, 2/3.
    assert voc_metrics.compute_voc_ap50(truth, found, 1) == pytest.approx((1 + 2 / 3) / 3)
    # The box of 0.8 now goes to the difficult object alone, and the second is not missed.
    difficult = objects(truth.boxes, crowds=[True, False, False])
    assert voc_metrics.compute_voc_ap50(difficult, found, 1) == pytest.approx(1 / 2)


def test_crowds_take_any_number_of_predictions():
    """COCO measures the share of the prediction that is inside a crowd."""
    truth = objects([[0, 0, 100, 100], [200, 200, 240, 240]], crowds=[True, False])
    boxes = [[0, 0, 20, 20], [50, 50, 80, 80], [200, 200, 240, 240]]
    found = objects(boxes, scores=[0.9, 0.8, 0.7])
    assert coco_metrics.compute_box_map(truth, found, 1, 1) == pytest.approx(1)


def test_without_annotation_or_predictions():
    nothing = objects([], crowds=np.zeros(0, bool), keypoints=np.zeros((0, 5, 3)))
    crowd = objects([[0, 0, 9, 9]], crowds=[True], keypoints=np.zeros((1, 5, 3)))
    one = objects([[0, 0, 9, 9]], crowds=[False], keypoints=np.ones((1, 5, 3)), areas=[81.0])
    found = objects([[0, 0, 9, 9]], scores=[0.5], keypoints=np.ones((1, 5, 3)))
    none = objects([], scores=np.zeros(0), keypoints=np.zeros((0, 5, 3)))
    for measure in (
        lambda *pair: coco_metrics.compute_box_map(*pair, 2, 1),
        lambda *pair: voc_metrics.compute_voc_ap50(*pair, 1),
        lambda *pair: coco_metrics.compute_oks_ap50(*pair, 2, SIGMAS),
    ):
        assert np.isnan(measure(nothing, found)) and np.isnan(measure(nothing, none))
        assert np.isnan(measure(crowd, found))
        assert measure(one, none) == 0
        assert measure(one, found) == pytest.approx(1)


def test_what_is_found_in_an_image_without_objects_is_wrong():
    box, marks = np.asarray([[10, 10, 50, 40.0]]), np.asarray([[[12, 12, 2.0]] * 5])
    truth = Objects(
        images=np.asarray([0]), labels=np.zeros(1, int), boxes=box, crowds=np.zeros(1, bool),
        keypoints=marks, areas=np.asarray([1200.0]),
    )  # fmt: skip
    found = Objects(
        images=np.asarray([0, 1]), labels=np.zeros(2, int), boxes=np.repeat(box, 2, 0),
        scores=np.asarray([0.5, 0.9]), keypoints=np.repeat(marks, 2, 0),
    )  # fmt: skip
    assert coco_metrics.compute_box_map(truth, found, 2, 1) == pytest.approx(0.5)
    assert voc_metrics.compute_voc_ap50(truth, found, 1) == pytest.approx(0.5)
    assert coco_metrics.compute_oks_ap50(truth, found, 2, SIGMAS) == pytest.approx(0.5)


def test_nothing_is_printed(capsys):
    one = objects([[0, 0, 9, 9]], crowds=[False])
    coco_metrics.compute_box_map(one, objects([[0, 0, 9, 9]], scores=[1.0]), 1, 1)
    assert capsys.readouterr() == ("", "")


@pytest.fixture(name="real_sets")
def _real_sets():
    place = os.environ.get("FOI_REAL_DATA")
    if not place:
        pytest.skip("needs real annotations: set FOI_REAL_DATA to the folder of the sets")
    return pathlib.Path(place)


def real_objects(path: pathlib.Path, keypoints):
    """Reads a COCO file as `Objects`, with images and categories numbered from 0."""
    content = json.loads(path.read_text())
    images = {image["id"]: number for number, image in enumerate(content["images"])}
    ids = sorted(category["id"] for category in content["categories"])
    rows = content["annotations"]
    corner = np.asarray([row["bbox"] for row in rows], np.float32)
    boxes = np.concatenate([corner[:, 1::-1], (corner[:, :2] + corner[:, 2:])[:, ::-1]], 1)
    marks = None
    if keypoints:
        marks = np.asarray([row["keypoints"] for row in rows], np.float32)
        marks = marks.reshape(len(rows), -1, 3)[..., [1, 0, 2]]
    truth = Objects(
        images=np.asarray([images[row["image_id"]] for row in rows]),
        labels=np.asarray([ids.index(row["category_id"]) for row in rows]),
        boxes=boxes,
        crowds=np.asarray([bool(row["iscrowd"]) for row in rows]),
        keypoints=marks,
        areas=np.asarray([row["area"] for row in rows], np.float32),
    )
    return truth, len(images), len(ids)


@pytest.mark.parametrize("name", ["coco128", "raccoon", "lsp_ext"])
def test_parity_on_real_annotations(name, real_sets, tmp_path):
    """Takes jittered truth as predictions."""
    keypoints = name == "lsp_ext"
    truth, images, classes = real_objects(real_sets / name / "annotations" / "val.json", keypoints)
    rng = np.random.default_rng(0)
    found = jitter(rng, truth, classes)
    if keypoints:
        sigmas = np.full(truth.keypoints.shape[1], 0.067)
        expected = by_files(truth, found, images, classes, "keypoints", tmp_path, sigmas)[1]
        value = coco_metrics.compute_oks_ap50(truth, found, images, sigmas)
    else:
        expected = by_files(truth, found, images, classes, "bbox", tmp_path)[0]
        value = coco_metrics.compute_box_map(truth, found, images, classes)
        voc = voc_metrics.compute_voc_ap50(truth, found, classes)
        assert voc == pytest.approx(voc_by_hand(truth, found, classes), abs=1e-9)
    assert 0.05 < value < 0.95 and value == pytest.approx(expected, abs=1e-6)


def test_parts_of_box_map_are_those_of_pycocotools(tmp_path):
    rng = np.random.default_rng(3)
    truth = random_truth(rng, 12, 4)
    found = jitter(rng, truth, 4)
    stats = by_files(truth, found, 12, 4, "bbox", tmp_path)
    by_class, by_size = coco_metrics.compute_box_map_parts(truth, found, 12, 4)
    expected = np.where(stats[3:6] < 0, np.nan, stats[3:6])
    np.testing.assert_allclose(by_size, expected, atol=1e-12)
    assert np.nanmean(by_class) == pytest.approx(stats[0], abs=1e-12)
    assert np.isnan(by_class).tolist() == [False, False, False, True]
    single = truth.areas[~truth.crowds]
    assert count_by_size(truth).tolist() == [
        np.sum(single <= 1024), np.sum((single >= 1024) & (single <= 9216)), np.sum(single >= 9216),
    ]  # fmt: skip


def test_parts_of_voc_ap50_by_hand():
    sides = np.array([10, 50, 10, 200, 300])  # Areas of 100, 2500, 100, 40000 and 90000 pixels.
    corners = np.array([[0, 0], [0, 100], [50, 0], [0, 0], [300, 300]])
    boxes = np.concatenate([corners, corners + sides[:, None]], 1).astype(np.float32)
    truth = Objects(
        images=np.array([0, 0, 0, 1, 1]),
        labels=np.array([0, 1, 1, 0, 0]),
        boxes=boxes,
        crowds=np.array([False, False, False, False, True]),
    )
    # The small object of class 0, the medium one of class 1, and a wrong one of 400 pixels.
    found = Objects(
        images=np.array([0, 0, 1]),
        labels=np.array([0, 1, 0]),
        boxes=np.stack([boxes[0], boxes[1], np.array([250, 0, 270, 20])]).astype(np.float32),
        scores=np.array([0.5, 0.5, 0.9]),
    )
    by_class, by_size = voc_metrics.compute_voc_ap50_parts(truth, found, 3)
    # Class 0: the wrong one comes first, then one of two is found, with a precision of 1/2.
    np.testing.assert_allclose(by_class, [1 / 4, 1 / 2, np.nan])
    # Small: of class 0 one of one at a precision of 1/2, of class 1 none of one.
    # Medium: class 1 has all. Large: class 0 has none; the small mistake does not count.
    np.testing.assert_allclose(by_size, [1 / 4, 1, 0])
    assert count_by_size(truth).tolist() == [2, 1, 1]


def test_parts_of_oks_are_of_the_only_class():
    rng = np.random.default_rng(4)
    truth = random_truth(rng, 8, 1, keypoints=3)
    found = jitter(rng, truth, 1)
    by_class, by_size = coco_metrics.compute_oks_ap50_parts(truth, found, 8, [0.1] * 3)
    assert by_class == pytest.approx(
        [coco_metrics.compute_oks_ap50(truth, found, 8, [0.1] * 3)], abs=1e-12
    )
    assert by_size.shape == (3,)
