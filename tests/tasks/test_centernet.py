"""Compares targets, losses and decoding with the published formulas, and by hand."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.tasks import centernet
from foi_tf.tasks.base import compute_mean_shares
from tests.tasks.maps import perfect

CROP, SHAPE = (96, 128), (24, 32)


def random_boxes(rng, count, crop=CROP, least=3.0):
    """Returns boxes float32 [N, 4] within the crop, largest first."""
    size = rng.uniform(least, 0.6 * min(crop), (count, 2))
    corner = rng.uniform(0, 1, (count, 2)) * (np.asarray(crop) - size)
    boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
    return boxes[np.argsort(-size.prod(1), kind="stable")]


def encode(boxes, labels, classes=3, crop=CROP, ignored=()):
    ignored = tf.reshape(tf.constant(ignored, tf.float32), [-1, 4])
    return centernet.encode_boxes(tf.constant(boxes), tf.constant(labels), ignored, crop, classes)


def published_radius(height, width, overlap=0.7):
    """Computes the radius as the code of Zhou et al. does."""
    height, width = np.ceil(height), np.ceil(width)
    b1, c1 = height + width, width * height * (1 - overlap) / (1 + overlap)
    r1 = (b1 + np.sqrt(b1**2 - 4 * c1)) / 2
    b2, c2 = 2 * (height + width), (1 - overlap) * width * height
    r2 = (b2 + np.sqrt(b2**2 - 16 * c2)) / 2
    a3 = 4 * overlap
    b3, c3 = -2 * overlap * (height + width), (overlap - 1) * width * height
    r3 = (b3 + np.sqrt(b3**2 - 4 * a3 * c3)) / 2
    return max(0, int(min(r1, r2, r3)))


def published_heatmap(boxes, labels, shape, classes):
    """Draws the heat map cell by cell and object by object."""
    heat = np.zeros((*shape, classes))
    for (ymin, xmin, ymax, xmax), label in zip(boxes / 4, labels, strict=True):
        radius = published_radius(ymax - ymin, xmax - xmin)
        sigma = (2 * radius + 1) / 6
        cy, cx = int((ymin + ymax) / 2), int((xmin + xmax) / 2)
        for y in range(max(0, cy - radius), min(shape[0], cy + radius + 1)):
            for x in range(max(0, cx - radius), min(shape[1], cx + radius + 1)):
                value = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * sigma**2))
                heat[y, x, label] = max(heat[y, x, label], value)
    return heat


def published_focal(logits, truth, background, alpha=2, beta=4):
    """Computes Eq. A.2 in float64, with weights of cells that are not centers."""
    chance, total, centers = 1 / (1 + np.exp(-logits.astype(np.float64))), 0.0, 0
    for place in np.ndindex(*truth.shape):
        p, y = chance[place], truth[place]
        if y == 1:
            total += (1 - p) ** alpha * np.log(p)
            centers += 1
        else:
            total += background[place[:3]] * (1 - y) ** beta * p**alpha * np.log(1 - p)
    return -total / max(1, centers)


def test_radii_equal_the_published_rule():
    rng = np.random.default_rng(0)
    sizes = rng.uniform(0.1, 200, (300, 2)).astype(np.float32)
    found = centernet.gaussian_radius(tf.constant(sizes)).numpy()
    assert found.tolist() == [published_radius(h, w) for h, w in sizes]
    # By hand: a square of 40 cells has roots 76.3, 146.9 and 10.9.
    found = centernet.gaussian_radius(tf.constant([[40.0, 40.0], [39.2, 39.9], [1, 1]]))
    assert found.numpy().tolist() == [10, 10, 0]


@pytest.mark.parametrize("count", [0, 1, 9, 70])
def test_heat_maps_equal_the_published_formula(count):
    rng = np.random.default_rng(count)
    boxes, labels = random_boxes(rng, count), rng.integers(0, 3, count)
    heat = encode(boxes, labels)["heatmap"].numpy()
    np.testing.assert_allclose(heat, published_heatmap(boxes, labels, SHAPE, 3), atol=1e-6)
    cells = {(*(np.floor((b[:2] + b[2:]) / 8)), c) for b, c in zip(boxes, labels, strict=True)}
    assert (heat == 1).sum() == len(cells)


def compute_focal_loss(*given):
    return compute_mean_shares({"focal": centernet.sum_focal_loss(*given)})["focal"]


def compute_box_losses(outputs, targets):
    return compute_mean_shares(centernet.sum_box_losses(outputs, targets), centernet.WEIGHTS)


def test_focal_loss_equals_the_published_formula():
    rng = np.random.default_rng(1)
    targets = [encode(random_boxes(rng, n), rng.integers(0, 3, n)) for n in (6, 2)]
    truth = np.stack([t["heatmap"].numpy() for t in targets])
    logits = rng.normal(0, 4, truth.shape).astype(np.float32)
    background = (rng.uniform(size=truth.shape[:3]) < 0.8).astype(np.float32)
    found = compute_focal_loss(*(tf.constant(v) for v in (logits, truth, background)))
    assert float(found) == pytest.approx(published_focal(logits, truth, background), rel=1e-5)


def test_focal_loss_without_objects_and_for_sure_outputs():
    nothing = tf.zeros([1, 2, 2, 1])
    # Four cells of chance one half, and N = 1: 4 * 0.25 * log 2.
    loss = compute_focal_loss(nothing, nothing, tf.ones([1, 2, 2]))
    assert float(loss) == pytest.approx(np.log(2), rel=1e-6)
    sure = compute_focal_loss(nothing + 200, nothing, tf.ones([1, 2, 2]))
    assert float(sure) == pytest.approx(800)


def test_l1_losses_by_hand():
    targets = {
        "cell": tf.constant([[1, 2, 0]]),
        "offset": tf.constant([[[0.5, 0.25], [0, 0.5], [9, 9]]]),
        "size": tf.constant([[[4.0, 6], [2, 2], [9, 9]]]),
        "present": tf.constant([[True, True, False]]),
        "heatmap": tf.zeros([1, 2, 2, 1]),
        "background": tf.zeros([1, 2, 2]),
    }
    outputs = {"heatmap": tf.zeros([1, 2, 2, 1])} | dict.fromkeys(
        ("offset", "size"), tf.constant([[[[7.0, 7], [1, 1]], [[0, 0], [5, 5]]]])
    )
    found = compute_box_losses(outputs, targets)
    assert float(found["offset"]) == pytest.approx((0.5 + 0.75 + 0 + 0.5) / 2)
    assert float(found["size"]) == pytest.approx(0.1 * (3 + 5 + 2 + 2) / 2)
    empty = compute_box_losses(outputs, targets | {"present": tf.fill([1, 3], False)})
    assert float(empty["offset"]) == float(empty["size"]) == float(empty["heatmap"]) == 0


def test_perfect_outputs_give_the_boxes_back():
    rng = np.random.default_rng(2)
    for count in (0, 1, 30):
        boxes, labels = random_boxes(rng, count), rng.integers(0, 3, count)
        targets = encode(boxes, labels)
        alone = targets["present"].numpy()[:count]
        found = centernet.decode_boxes(perfect(targets))
        # One cell and class has one peak, with the smallest box.
        peaks = int((targets["heatmap"].numpy() == 1).sum())
        assert (found["scores"][0].numpy() > 0.999).sum() == peaks
        assert alone.sum() >= count - 6
        for box, label in zip(boxes[alone], labels[alone], strict=True):
            near = np.abs(found["boxes"][0].numpy()[:peaks] - box).max(1) < 0.5
            assert (near & (found["labels"][0].numpy()[:peaks] == label)).any()


def test_of_objects_that_share_a_cell_the_smallest_stays():
    large, small, twin = [8.0, 8, 48, 48], [18.0, 18, 38, 38], [18.0, 18, 38, 38]
    targets = encode(np.asarray([large, small, twin], np.float32), [0, 1, 2])
    assert targets["present"].numpy()[:4].tolist() == [False, False, True, False]
    heat = targets["heatmap"].numpy()
    assert [heat[7, 7, label] for label in range(3)] == [1, 1, 1]
    found = centernet.decode_boxes(perfect(targets))
    assert sorted(found["labels"][0].numpy()[:3].tolist()) == [0, 1, 2]
    np.testing.assert_allclose(found["boxes"][0].numpy()[:3], [small] * 3, atol=1e-3)


def test_decoding_equals_a_transcription():
    rng = np.random.default_rng(3)
    outputs = {
        "heatmap": rng.normal(0, 2, (2, *SHAPE, 3)),
        "offset": rng.uniform(0, 1, (2, *SHAPE, 2)),
        "size": rng.uniform(1, 9, (2, *SHAPE, 2)),
    }
    found = centernet.decode_boxes({k: tf.constant(v, tf.float32) for k, v in outputs.items()})
    for image in range(2):
        expected = []
        logits = outputs["heatmap"][image]
        for y, x, c in np.ndindex(*logits.shape):
            around = logits[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2, c]
            if logits[y, x, c] == around.max():
                center = np.asarray([y, x]) + outputs["offset"][image, y, x]
                half = outputs["size"][image, y, x] / 2
                box = 4 * np.concatenate([center - half, center + half])
                expected.append((1 / (1 + np.exp(-logits[y, x, c])), c, *box))
        expected = np.asarray(sorted(expected, key=lambda row: -row[0])[:100])
        np.testing.assert_allclose(found["scores"][image], expected[:, 0], rtol=1e-5)
        assert found["labels"][image].numpy().tolist() == expected[:, 1].tolist()
        np.testing.assert_allclose(found["boxes"][image], expected[:, 2:], rtol=1e-4, atol=1e-4)


def test_missing_peaks_have_no_score():
    outputs = {"heatmap": tf.zeros([1, 3, 3, 1]) - tf.reshape(tf.range(9.0), [1, 3, 3, 1])}
    found = centernet.decode_boxes(
        outputs | dict.fromkeys(("offset", "size"), tf.zeros([1, 3, 3, 2]))
    )
    assert found["scores"].shape == (1, 9)
    assert (found["scores"][0].numpy() > 0).sum() == 1


def test_ignored_boxes_are_no_background():
    box = [[40.0, 40, 56, 56]]
    targets = encode(np.asarray(box, np.float32), [0], ignored=[[8, 16, 24, 32], [12, 16, 24, 36]])
    background = targets["background"].numpy()
    expected = np.ones(SHAPE)
    expected[2:6, 4:8] = 0
    expected[3:6, 8] = 0
    assert np.array_equal(background, expected)
    everything = encode(np.asarray(box, np.float32), [0], ignored=[[0, 0, *CROP]])
    logits = tf.zeros([1, *SHAPE, 3])
    loss = compute_focal_loss(logits, everything["heatmap"][None], everything["background"][None])
    assert float(loss) == pytest.approx(0.25 * np.log(2), rel=1e-6)  # The center alone counts.


def test_largest_objects_are_kept():
    rng = np.random.default_rng(4)
    boxes = random_boxes(rng, 2000, least=0.5)[rng.permutation(2000)]
    kept = centernet.find_largest(tf.constant(boxes), centernet.MAX_OBJECTS).numpy()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert len(kept) == 128
    assert areas[kept].min() >= np.delete(areas, kept).max()
    assert (np.diff(areas[kept]) <= 0).all()
    targets = encode(boxes[kept], np.zeros(128, int))
    assert targets["cell"].shape == (128,) and targets["present"].numpy().sum() > 64


def test_points_on_the_edge_stay_in_the_map():
    cells, offsets = centernet.locate_cells(tf.constant([[24.0, 32.0], [0, 0], [3.5, 31.9]]), SHAPE)
    assert cells.numpy().tolist() == [[23, 31], [0, 0], [3, 31]]
    np.testing.assert_allclose(offsets, [[1, 1], [0, 0], [0.5, 0.9]], atol=1e-5)


def test_it_runs_alike_inside_dataset_map():
    rng = np.random.default_rng(5)
    boxes, labels = random_boxes(rng, 20), rng.integers(0, 3, 20)
    eager = encode(boxes, labels)
    mapped = tf.data.Dataset.from_tensors((boxes, labels)).map(
        lambda b, c: centernet.encode_boxes(b, c, tf.zeros([0, 4]), CROP, 3)
    )
    for name, value in next(iter(mapped)).items():
        assert mapped.element_spec[name].shape.is_fully_defined()
        np.testing.assert_allclose(value, eager[name], atol=1e-6)


MEASURE = """
import os, resource, numpy as np, tensorflow as tf
from foi_tf.tasks import centernet
from foi_tf.tasks.base import compute_mean_shares
rng = np.random.default_rng(0)
size = rng.uniform(256, 512, (100, 2))
corner = rng.uniform(0, 1, (100, 2)) * (512 - size)
boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)

def encode(b):
    labels = tf.range(tf.shape(b)[0]) % 80
    return centernet.encode_boxes(b, labels, tf.zeros([0, 4]), (512, 512), 80)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

stream = iter(tf.data.Dataset.from_generator(
    lambda: (boxes[:n] for n in (1, 1, 100, 100)),
    output_signature=tf.TensorSpec([None, 4])).map(encode))
next(stream), next(stream)
before = peak()
assert next(stream)["heatmap"].shape == (128, 128, 80)
print(peak() - before, flush=True)
os._exit(0)  # The generator's thread would wait for its last element.
"""


@pytest.mark.slow
def test_memory_beyond_the_heat_map():
    """Encodes 100 large boxes of 80 classes at 512 x 512, which may add 30 MB (fresh process)."""
    import subprocess
    import sys

    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30
