import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.input import augment, views
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset
from foi_tf.tasks import Keypoints, centernet
from foi_tf.tasks.keypoints import DEFAULT_SIGMA
from tests.tasks.maps import perfect
from tests.tasks.test_centernet import published_focal, published_heatmap, published_radius

ROW = Dataset(
    id="x", domain="aerial", train=1, val=1, classes={"keypoints": 3}, mean=(0.5,) * 3,
    std=(1.0,) * 3, flip_pairs=((0, 1),), sigmas=(0.05, 0.05, 0.1),
)  # fmt: skip
CROP, SHAPE = (64, 96), (16, 24)


def example(boxes, marks, crowds=None, *, size=(128, 192)):
    """Makes an augmented example of a whole gray image."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    original = {
        "image": tf.io.encode_png(tf.fill([*size, 3], tf.cast(90, tf.uint8))),
        "size": tf.constant(size),
        "keypoint_boxes": tf.constant(boxes),
        "keypoints": tf.constant(np.asarray(marks, np.float32).reshape(-1, 3, 3)),
        "keypoint_areas": tf.constant((boxes[:, 2:] - boxes[:, :2]).prod(1)),
        "keypoint_crowds": tf.constant(np.zeros(len(boxes)) if crowds is None else crowds, tf.bool),
    }
    view = views.fit_whole_image(original["size"], CROP)
    return augment.augment_example(original, view, CROP, ROW) | {"original": original}


TWO = (
    [[16, 16, 112, 80], [20, 100, 116, 180]],
    [[[20, 20, 2], [60, 70, 1], [100, 40, 2]], [[30, 170, 2], [0, 0, 0], [110, 110, 2]]],
)


def statistics_of(task, targets):
    batch = tf.nest.map_structure(lambda v: v[None], targets)
    found = task.summarize(task.decode(perfect(targets)), batch)
    return {name: value.numpy() for name, value in found.items()}


def test_targets_by_hand():
    targets = Keypoints(ROW).encode(example(*TWO))
    # The first object by size is the second: [10, 50, 58, 90] in the crop, center (34, 70).
    assert int(targets["cell"][0]) == 8 * 24 + 17
    assert targets["size"][0].numpy().tolist() == [12, 10]
    assert targets["offset"][0].numpy().tolist() == [0.5, 0.5]
    assert targets["keypoint_present"][:3].numpy().tolist() == [[1, 0, 1], [1, 1, 1], [0] * 3]
    # (30, 170) is at (3.75, 21.25) cells.
    assert int(targets["keypoint_cell"][0, 0]) == 3 * 24 + 21
    assert targets["keypoint_offset"][0, 0].numpy().tolist() == [0.75, 0.25]
    assert targets["displacement"][0, 0].numpy().tolist() == [3.75 - 8, 21.25 - 17]


def test_keypoint_heat_maps_have_the_radius_of_their_object():
    targets = Keypoints(ROW).encode(example(*TWO))
    heat = targets["keypoint_heatmap"].numpy()
    expected = np.zeros((*SHAPE, 3))
    for box, marks in zip(*TWO, strict=True):
        sides = (np.asarray(box[2:]) - box[:2]) / 8
        radius = published_radius(*sides)
        for kind, (y, x, visible) in enumerate(marks):
            for i, j in np.ndindex(*SHAPE) if visible else ():
                dy, dx = i - y // 8, j - x // 8
                if max(abs(dy), abs(dx)) <= radius:
                    value = np.exp(-(dy**2 + dx**2) / (2 * ((2 * radius + 1) / 6) ** 2))
                    expected[i, j, kind] = max(expected[i, j, kind], value)
    np.testing.assert_allclose(heat, expected, atol=1e-6)
    boxes = np.asarray(TWO[0]) / 2
    np.testing.assert_allclose(
        targets["heatmap"], published_heatmap(boxes, [0, 0], SHAPE, 1), atol=1e-6
    )


def test_losses_by_transcription():
    task = Keypoints(ROW)
    rng = np.random.default_rng(0)
    targets = task.encode(example(*TWO))
    widths = {"heatmap": 1, "offset": 2, "size": 2}
    widths |= {"keypoint_heatmap": 3, "keypoint_offset": 2, "displacement": 6}
    outputs = {k: rng.normal(size=(1, *SHAPE, n)).astype(np.float32) for k, n in widths.items()}
    found = task.loss(
        {name: tf.constant(value) for name, value in outputs.items()},
        tf.nest.map_structure(lambda v: v[None], targets),
    )
    background = np.ones((1, *SHAPE))
    for name in ("heatmap", "keypoint_heatmap"):
        expected = published_focal(outputs[name], targets[name].numpy()[None], background)
        assert float(found[name]) == pytest.approx(expected, rel=1e-4)
    offsets, displacements, sizes = [], [], []
    for box, marks in zip(*TWO, strict=True):
        sides = (np.asarray(box[2:]) - box[:2]) / 8
        center = (np.asarray(box[2:]) + box[:2]) / 16
        cy, cx = np.floor(center).astype(int)
        sizes.append(np.abs(outputs["size"][0, cy, cx] - sides).sum())
        for kind, (y, x, visible) in enumerate(marks):
            if visible:
                point = np.asarray([y, x]) / 8
                py, px = np.floor(point).astype(int)
                offset = outputs["keypoint_offset"][0, py, px]
                offsets.append(np.abs(offset - (point - [py, px])).sum())
                shift = outputs["displacement"][0, cy, cx, 2 * kind : 2 * kind + 2]
                displacements.append(np.abs(shift - (point - [cy, cx])).sum())
    assert float(found["size"]) == pytest.approx(0.1 * np.mean(sizes), rel=1e-5)
    assert float(found["keypoint_offset"]) == pytest.approx(np.mean(offsets), rel=1e-5)
    assert float(found["displacement"]) == pytest.approx(np.mean(displacements), rel=1e-5)


def test_perfect_outputs_give_objects_and_keypoints_back():
    task = Keypoints(ROW)
    found = statistics_of(task, task.encode(example(*TWO)))
    assert (found["scores"][0] > 0.99).sum() == 2
    for box, marks in zip(*TWO, strict=True):
        place = int(np.argmin(np.abs(found["boxes"][0, :2] - box).max(1)))
        np.testing.assert_allclose(found["boxes"][0, place], box, atol=1e-2)
        seen = [mark[2] > 0 for mark in marks]
        expected = np.asarray(marks, float)[seen]
        np.testing.assert_allclose(found["keypoints"][0, place][seen][:, :2], expected[:, :2],
                                   atol=1e-2)  # fmt: skip
    evaluator = task.accumulator()
    evaluator.update(found)
    assert evaluator.result() == {"oks_ap50": pytest.approx(1), "constant_oks_ap50": 0}


def decode_by_hand(outputs, image, top=100):
    """Decodes boxes and keypoints of one image by section 4.2 of Zhou et al., and their code."""

    def chances(name):
        return 1 / (1 + np.exp(-outputs[name][image].astype(np.float64)))

    def highest(chance):
        places = []
        for y, x in np.ndindex(*chance.shape):
            if chance[y, x] == chance[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max():
                places.append((chance[y, x], y, x))
        return sorted(places, reverse=True)[:top]

    joints = chances("keypoint_heatmap")
    candidates = []
    for kind in range(joints.shape[-1]):
        offsets = outputs["keypoint_offset"][image]
        places = highest(joints[..., kind])
        candidates.append([(s, 4 * (np.asarray([y, x]) + offsets[y, x])) for s, y, x in places])
    for score, y, x in highest(chances("heatmap")[..., 0]):
        center = np.asarray([y, x]) + outputs["offset"][image, y, x]
        half = outputs["size"][image, y, x] / 2
        low, high = 4 * (center - half), 4 * (center + half)
        marks = []
        for kind, possible in enumerate(candidates):
            shift = outputs["displacement"][image, y, x, 2 * kind : 2 * kind + 2]
            goal = 4 * (np.asarray([y, x]) + shift)
            reach = 0.3 * (high - low).max()
            inside = [
                c
                for c in possible
                if c[0] > 0.1 and (low <= c[1]).all() and (c[1] <= high).all()
                and np.linalg.norm(c[1] - goal) <= reach
            ]  # fmt: skip
            best = min(inside, key=lambda c: ((c[1] - goal) ** 2).sum(), default=(0, goal))
            marks.append([*best[1], best[0]])
        yield score, np.concatenate([low, high]), np.asarray(marks)


def test_decoding_equals_a_transcription():
    rng = np.random.default_rng(1)
    outputs = {
        "heatmap": rng.normal(0, 2, (2, *SHAPE, 1)),
        "offset": rng.uniform(0, 1, (2, *SHAPE, 2)),
        "size": rng.uniform(1, 9, (2, *SHAPE, 2)),
        "keypoint_heatmap": rng.normal(-3, 2, (2, *SHAPE, 3)),
        "keypoint_offset": rng.uniform(0, 1, (2, *SHAPE, 2)),
        "displacement": rng.normal(0, 3, (2, *SHAPE, 6)),
    }
    outputs = {name: value.astype(np.float32) for name, value in outputs.items()}
    found = Keypoints(ROW).decode({name: tf.constant(v) for name, v in outputs.items()})
    fallbacks = joints = 0
    for image in range(2):
        expected = list(decode_by_hand(outputs, image))
        count = len(expected)
        assert (found["scores"][image].numpy() > 0).sum() == count
        for place, (score, box, marks) in enumerate(expected):
            assert float(found["scores"][image, place]) == pytest.approx(score, rel=1e-5)
            np.testing.assert_allclose(found["boxes"][image, place], box, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(
                found["keypoints"][image, place], marks, rtol=1e-4, atol=1e-4
            )
            fallbacks += (marks[:, 2] == 0).sum()
            joints += len(marks)
    assert 0.1 * joints < fallbacks < 0.9 * joints


def test_a_hidden_wrist_is_not_the_neighbors():
    task = Keypoints(dataclasses.replace(ROW, classes={"keypoints": 1}, flip_pairs=(), sigmas=()))
    outputs = {
        name: np.full((1, 64, 64, width), fill, np.float32)
        for name, width, fill in (
            ("heatmap", 1, -9), ("offset", 2, 0.5), ("size", 2, 0), ("keypoint_heatmap", 1, -9),
            ("keypoint_offset", 2, 0.5), ("displacement", 2, 0),
        )
    }  # fmt: skip
    # Two people of 40 x 30 cells; the left one's wrist, expected at (14, 14), is hidden. The
    # right one's, expected and seen at (45, 38), lies in both boxes.
    for logit, center, displacement in ((5, (30, 25), (-16, -11)), (4, (30, 40), (15, -2))):
        outputs["heatmap"][0][center] = logit
        outputs["size"][0][center] = 40, 30
        outputs["displacement"][0][center] = displacement
    outputs["keypoint_heatmap"][0, 45, 38] = 2

    def find_wrists():
        found = task.decode({name: tf.constant(value) for name, value in outputs.items()})
        return found["keypoints"][0, :2, 0].numpy()

    score = 1 / (1 + np.exp(-2))
    np.testing.assert_allclose(find_wrists(), [[56, 56, 0], [182, 154, score]], rtol=1e-5)
    # A peak of its own within 0.3 x 40 = 12 cells is taken; beyond that it is not.
    outputs["keypoint_heatmap"][0, 25, 14] = 2
    np.testing.assert_allclose(find_wrists()[0], [102, 58, score], rtol=1e-5)
    outputs["keypoint_heatmap"][0, 25, 14] = -9
    outputs["keypoint_heatmap"][0, 26, 14] = 2
    np.testing.assert_allclose(find_wrists()[0], [56, 56, 0], rtol=1e-5)


def test_persons_found_where_there_are_none_count_as_wrong():
    task = Keypoints(ROW)
    first, second = (statistics_of(task, task.encode(example(*who))) for who in (TWO, ([], [])))
    second["scores"][0, 0] = 1
    for statistics, expected in (([first], 1), ([first, second], 2 / 3)):
        evaluator = task.accumulator()
        for one in statistics:
            evaluator.update(one)
        assert evaluator.result()["oks_ap50"] == pytest.approx(expected, abs=1e-3)


def test_crowds_and_objects_without_keypoints_are_ignored():
    task = Keypoints(ROW)
    boxes = [[0, 0, 60, 60], [60, 60, 120, 120], [0, 120, 60, 180]]
    marks = np.asarray([[[9, 9, 2]] * 3, [[0, 0, 0]] * 3, [[30, 150, 2]] * 3])
    targets = task.encode(example(boxes, marks, [True, False, False]))
    assert targets["present"].numpy().sum() == 1
    assert (targets["heatmap"].numpy() == 1).sum() == 1
    background = targets["background"].numpy()
    assert background[3, 3] == background[10, 10] == 0 and background[3, 18] == 1
    statistics = statistics_of(task, targets)
    assert statistics["truth_present"].sum() == 3
    # Found at the ignored object: neither right nor wrong.
    statistics["boxes"][0, 1] = boxes[0]
    statistics["keypoints"][0, 1, :, :2] = 9
    statistics["scores"][0, 1] = 0.9
    evaluator = task.accumulator()
    evaluator.update(statistics)
    assert evaluator.result()["oks_ap50"] == pytest.approx(1)


def test_no_objects_and_no_images():
    task = Keypoints(ROW)
    targets = task.encode(example([], []))
    assert not targets["keypoint_heatmap"].numpy().any()
    evaluator = task.accumulator()
    evaluator.update(statistics_of(task, targets))
    assert np.isnan(evaluator.result()["oks_ap50"])
    assert np.isnan(task.accumulator().result()["oks_ap50"])


def test_keypoints_outside_their_box_are_trained_but_not_found_in_it():
    """Datasets may have them; decoding then takes the displacement, which is right."""
    task = Keypoints(ROW)
    one = example([[16, 16, 48, 48]], [[[20, 20, 2], [100, 150, 2], [40, 40, 2]]])
    targets = task.encode(one)
    assert targets["keypoint_present"][0].numpy().all()
    found = statistics_of(task, targets)["keypoints"][0, 0]
    np.testing.assert_allclose(found[1], [100, 150, 0], atol=1e-2)


def test_two_thousand_objects_in_bounded_memory():
    rng = np.random.default_rng(2)
    size = rng.uniform(2, 60, (2000, 2))
    corner = rng.uniform(0, 1, (2000, 2)) * (np.asarray([128, 192]) - size)
    boxes = np.concatenate([corner, corner + size], 1)
    marks = np.concatenate([corner[:, None] + size[:, None] * rng.uniform(size=(2000, 3, 2)),
                            np.full((2000, 3, 1), 2)], -1)  # fmt: skip
    targets = Keypoints(ROW).encode(example(boxes, marks))
    assert targets["truth_present"].numpy().sum() == centernet.MAX_OBJECTS
    assert targets["keypoint_present"].numpy().sum() == 3 * centernet.MAX_OBJECTS


def test_sigmas_are_the_datasets_or_a_default():
    assert Keypoints(ROW).accumulator().sigmas == ROW.sigmas
    plain = Dataset(id="y", domain="aerial", train=1, val=1, classes={"keypoints": 2})
    assert Keypoints(plain).accumulator().sigmas == (DEFAULT_SIGMA,) * 2
    wrong = Dataset(
        id="z", domain="aerial", train=1, val=1, classes={"keypoints": 2}, sigmas=(0.1,)
    )
    with pytest.raises(FoiError, match="z:keypoints: 1 sigma for 2 keypoints"):
        Keypoints(wrong)
