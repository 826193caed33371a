import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.convert import custom_dataset
from foi_tf.data.input import augment, pipeline, views
from foi_tf.data.records import prepared_datasets
from foi_tf.study.dataset import Dataset
from foi_tf.study.registry import DATASETS
from foi_tf.tasks import Detection, centernet
from foi_tf.tasks.detection import MAX_TRUTH, find_unsuppressed
from tests import raw_folders
from tests.tasks.maps import perfect

ROW = Dataset(
    id="x", domain="aerial", train=1, val=1, classes={"detection": 3}, mean=(0.5,) * 3,
    std=(1.0,) * 3,
)  # fmt: skip
CROP = (64, 96)


def example(boxes, labels=None, crowds=None, *, size=(100, 130), view=None):
    """Makes an augmented example of a gray image; by default the view shows the whole image."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    original = {
        "image": tf.io.encode_png(tf.fill([*size, 3], tf.cast(90, tf.uint8))),
        "size": tf.constant(size),
        "boxes": tf.constant(boxes),
        "box_labels": tf.constant(np.zeros(len(boxes)) if labels is None else labels, tf.int64),
        "box_areas": tf.zeros(len(boxes)),
        "box_crowds": tf.constant(np.zeros(len(boxes)) if crowds is None else crowds, tf.bool),
    }
    view = views.fit_whole_image(original["size"], CROP) if view is None else view
    return augment.augment_example(original, view, CROP, ROW) | {"original": original}


def evaluate(task, batches):
    """Computes the metrics of perfect outputs on batches of targets."""
    evaluator = task.accumulator()
    for targets in batches:
        predictions = task.decode(perfect(tf.nest.map_structure(lambda v: v[0], targets)))
        statistics = task.summarize(predictions, targets)
        evaluator.update({name: value.numpy() for name, value in statistics.items()})
    return evaluator.result()


def test_appendix_c_chooses_metric_and_nms():
    chosen = {}
    for name in ("coco", "bdd", "pvoc", "uwt"):
        chosen[name] = (Detection(DATASETS[name]).metric, DATASETS[name].box_nms)
    assert chosen == {
        "coco": ("map", None), "bdd": ("map", None), "pvoc": ("ap50", 0.3), "uwt": ("ap50", 0.3),
    }  # fmt: skip
    own_data = Dataset(id="coco", domain="aerial", train=1, val=1, classes={"detection": 1})
    assert (own_data.box_metric, own_data.box_nms) == ("ap50", 0.3)


def test_targets_are_of_the_crop_and_truth_of_the_image():
    boxes = [[10, 20, 50, 60], [0, 0, 20, 30], [90, 90, 99.5, 130]]
    one = example(boxes, [2, 0, 1], [False, False, True])
    task = Detection(ROW)
    targets = task.encode(one)
    scale = np.asarray([64, 83]) / [100, 130]  # 83.2 columns, rounded.
    np.testing.assert_allclose(targets["scale"], scale, rtol=1e-6)
    sizes = np.asarray([[40, 40], [20, 30]]) * scale / 4
    np.testing.assert_allclose(targets["size"][:2], sizes, rtol=1e-5)
    assert targets["present"].numpy().sum() == 2
    heat = targets["heatmap"].numpy()
    assert [(heat[..., c] == 1).sum() for c in range(3)] == [1, 0, 1]
    # The crowd is no background: 9.5 x 40 image pixels.
    assert 0 < (targets["background"].numpy() == 0).sum() <= 2 * 8
    # By size, the largest first.
    assert targets["truth_boxes"][:3].numpy().tolist() == [boxes[0], boxes[1], boxes[2]]
    assert targets["truth_labels"][:4].numpy().tolist() == [2, 0, 1, -1]
    assert targets["truth_crowds"][:4].numpy().tolist() == [0, 0, 1, 0]


def test_perfect_outputs_are_perfect_on_prepared_data(blocks):
    """Goes through records, the evaluation's pipeline and the scale of each image."""
    ready = prepared_datasets.load_prepared(blocks, "blocks")
    task = Detection(ready.dataset)
    source = pipeline.Input(
        prepared=ready, split="val", task_type="detection", encode=task.encode, crop=(40, 72)
    )
    found = evaluate(
        task, (batch["targets"] for batch in pipeline.make_evaluation_batches(source, 1))
    )
    assert (found["map"], found["ap50"]) == (pytest.approx(1), pytest.approx(1))
    assert (found["constant_map"], found["constant_ap50"]) == (0, 0)


def test_truth_reaches_the_evaluator_unaltered(tmp_path):
    """Includes decoding at a smaller power of two, which cuts the last rows and columns."""
    root = raw_folders.write_folder(tmp_path / "raw", train=1, val=1, size=(211, 333))
    folder = custom_dataset.find_custom_dataset(root, ["coco"], "large", "aerial", None)
    read, _ = next(folder.examples("val"))
    one = example(read["boxes"], read["box_labels"], size=(211, 333))
    targets = Detection(ROW).encode(one)
    rows = {tuple(row) for row in targets["truth_boxes"].numpy()[:2].tolist()}
    assert rows == {tuple(row) for row in read["boxes"].tolist()}
    found = evaluate(Detection(ROW), [tf.nest.map_structure(lambda v: v[None], targets)])
    assert found["ap50"] == pytest.approx(1) and found["map"] > 0.9


def test_images_without_objects_are_background():
    task = Detection(ROW)
    targets = task.encode(example([]))
    assert not targets["present"].numpy().any() and not targets["heatmap"].numpy().any()
    assert (targets["truth_labels"].numpy() == -1).all()
    batch = tf.nest.map_structure(lambda v: v[None], targets)
    outputs = dict.fromkeys(("offset", "size"), tf.zeros([1, 16, 24, 2]))
    terms = task.loss(outputs | {"heatmap": tf.fill([1, 16, 24, 3], -20.0)}, batch)
    assert [float(terms[name]) for name in ("offset", "size")] == [0, 0]
    assert float(terms["heatmap"]) == pytest.approx(0, abs=1e-6)
    assert np.isnan(evaluate(task, [batch])["map"])
    assert np.isnan(task.accumulator().result()["ap50"])


def test_two_thousand_boxes():
    rng = np.random.default_rng(0)
    size = rng.uniform(1, 40, (2000, 2))
    corner = rng.uniform(0, 1, (2000, 2)) * (np.asarray([100, 130]) - size)
    boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
    targets = Detection(ROW).encode(example(boxes))
    assert targets["cell"].shape == (centernet.MAX_OBJECTS,)
    # Crowded cells keep one each; all peaks are among the largest.
    assert 0 < (targets["heatmap"].numpy() == 1).sum() <= centernet.MAX_OBJECTS
    areas = np.sort(size.prod(1))[::-1]
    kept = targets["truth_boxes"].numpy()
    found = (kept[:, 2:] - kept[:, :2]).prod(1)
    np.testing.assert_allclose(found, areas[:MAX_TRUTH], rtol=1e-4)


def test_training_crops_drop_and_cut_boxes():
    """Expects the heat map's peak at the center of the visible part of a box."""
    view = views.fit_whole_image(tf.constant([100, 130]), CROP)._replace(
        x=tf.constant(66), width=tf.constant(64), out_height=tf.constant(64),
        out_width=tf.constant(64), height=tf.constant(64), shrink=tf.constant(1),
    )  # fmt: skip
    targets = Detection(ROW).encode(example([[0, 46, 40, 86], [0, 0, 64, 70]], view=view))
    assert targets["present"].numpy().sum() == 1
    np.testing.assert_allclose(targets["size"][0], [10, 5])
    assert (targets["heatmap"].numpy()[5, 2, 0], int(targets["cell"][0])) == (1, 5 * 24 + 2)


def suppress_by_hand(boxes, labels, threshold):
    """Suppresses boxes one after the other, best first."""
    kept = []
    for place, box in enumerate(boxes):
        for other in kept:
            sides = np.minimum(box[2:], boxes[other][2:]) - np.maximum(box[:2], boxes[other][:2])
            common = np.prod(np.maximum(sides, 0))
            areas = sum(np.prod(b[2:] - b[:2]) for b in (box, boxes[other]))
            if labels[other] == labels[place] and common / (areas - common) > threshold:
                break
        else:
            kept.append(place)
    return [place in kept for place in range(len(boxes))]


def test_suppression_equals_the_greedy_rule():
    rng = np.random.default_rng(1)
    corner, size = rng.uniform(0, 60, (2, 80, 2)), rng.uniform(5, 40, (2, 80, 2))
    boxes = np.concatenate([corner, corner + size], -1).astype(np.float32)
    labels = rng.integers(0, 2, (2, 80))
    found = find_unsuppressed(tf.constant(boxes), tf.constant(labels), 0.3).numpy()
    for image in range(2):
        expected = suppress_by_hand(boxes[image].astype(np.float64), labels[image], 0.3)
        assert found[image].tolist() == expected
        assert 5 < sum(expected) < 75


def test_suppressed_boxes_do_not_count():
    """Takes two boxes of one class with an IoU of 0.6: VOC suppresses one, COCO none."""
    boxes = [[0, 0, 64, 64], [0, 16, 64, 80]]
    for row, expected in ((ROW, 1), (DATASETS["coco"], 2)):
        task = Detection(row)
        one = example(boxes, [0, 0], size=CROP)
        found = task.decode(perfect(task.encode(one)))
        assert (found["scores"].numpy() > 0.9).sum() == expected
