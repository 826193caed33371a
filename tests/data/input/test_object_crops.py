"""Random crops around objects."""

import collections
import json

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from foi_tf.data.input import views

SIGNATURE = [tf.TensorSpec([2], tf.int32), tf.TensorSpec([None, 4]), tf.TensorSpec([2], tf.int32)]


def make_draw(crop, rescale):
    """Makes a traced `draw_random_view`, which is faster, around boxes."""

    def draw(size, boxes, seed):
        return views.draw_random_view(size, crop, rescale, seed, boxes)

    return tf.function(draw, input_signature=SIGNATURE, autograph=False)


def holds_a_whole_box(view, size, boxes):
    """Tells whether the view contains a box, but for what shrinking takes off at the far edges."""
    shrink = int(view.shrink)
    edge = np.where(np.asarray(size) < shrink, size, np.asarray(size) // shrink * shrink)
    assert ((size - edge) * view.scale.numpy() < 1).all()  # Less than a pixel of the crop.
    y, x, height, width = (int(v) for v in view[:4])
    inside = (boxes[:, :2] >= (y, x)).all(1)
    inside &= (np.minimum(boxes[:, 2:], edge) <= (y + height, x + width)).all(1)
    return inside.any()


def draw_boxes(rng, size, largest):
    """Draws some boxes inside an image, with sides up to a share of the image's."""
    share = rng.uniform(0.01, 1, (rng.integers(1, 4), 4))
    sides = share[:, :2] * largest * size
    corners = share[:, 2:] * (np.asarray(size) - sides)
    return np.concatenate([corners, corners + sides], 1).astype(np.float32)


@pytest.mark.parametrize("rescale", [(0.5, 2.0), (1.0, 4.0), (3.0, 6.0), (0.1, 0.6)])
@pytest.mark.parametrize("crop", [(64, 64), (96, 64), (420, 420)])
def test_crops_always_hold_a_whole_object(crop, rescale):
    rng = np.random.default_rng(0)
    draw = make_draw(crop, rescale)
    for number in range(120):
        size = rng.integers(5, 3000 if number % 2 else 400, 2)
        boxes = draw_boxes(rng, size, largest=(0.1, 0.5, 1)[number % 3])
        view = draw(tf.constant(size, tf.int32), tf.constant(boxes), tf.constant([3, number]))
        assert holds_a_whole_box(view, size, boxes), (size, boxes, view)
        assert min(1, rescale[0]) - 1e-5 <= float(view.zoom) <= rescale[1] + 1e-5


def test_only_objects_that_need_it_limit_the_scale():
    draw = make_draw((64, 64), (0.5, 4.0))
    size = tf.constant([200, 300])
    small, large = [10.0, 10, 20, 20], [20.0, 20, 170, 170]
    free, limited = [], []
    for number in range(60):
        seed = tf.constant([3, number])
        free.append(float(draw(size, tf.zeros((0, 4)), seed).zoom))
        for boxes in ([small], [small, large]):
            assert float(draw(size, tf.constant(boxes), seed).zoom) == pytest.approx(free[-1])
        limited.append(float(draw(size, tf.constant([large]), seed).zoom))
    # 62 pixels of the crop for 151 of the image, which fits at 64 / 300.
    largest = 62 / 151 * 300 / 64
    expected = 0.5 + (np.asarray(free) - 0.5) / 3.5 * (largest - 0.5)
    np.testing.assert_allclose(limited, expected, rtol=1e-5)


def test_an_object_that_fits_at_no_factor_is_shown_whole_below_the_range():
    draw = make_draw((64, 64), (2.0, 4.0))
    whole = tf.constant([[0.0, 0, 200, 300]])
    tall = tf.constant([[50.0, 0, 150, 20]])
    for number in range(5):
        seed = tf.constant([3, number])
        view = draw(tf.constant([200, 300]), whole, seed)
        assert float(view.zoom) == pytest.approx(1)
        assert [int(v) for v in view[:4]] == [0, 0, 200, 300]
        # It fits at 62 / 101, which is 2.9 times 64 / 300.
        assert 2 <= float(draw(tf.constant([200, 300]), tall, seed).zoom) <= 2.9


@pytest.mark.parametrize(
    ("name", "crop"),
    [("coco128", (713, 713)), ("raccoon", (420, 420)), ("playing_cards", (512, 512)),
     ("lsp_ext", (512, 512)), ("openfield_mouse", (512, 512)), ("mirror_mouse", (512, 512)),
     ("trash_icra19", (512, 512)), ("indoor_objects", (512, 512))],
)  # fmt: skip
def test_crops_of_real_images_hold_a_whole_object(name, crop, real_data):
    content = json.loads((real_data / name / "annotations/train.json").read_text())
    files = {image["id"]: image["file_name"] for image in content["images"]}
    boxes = collections.defaultdict(list)
    for one in content["annotations"]:
        x, y, width, height = one["bbox"]
        if not one.get("iscrowd") and width and height:
            boxes[one["image_id"]].append([y, x, y + height, x + width])
    draw = make_draw(crop, (0.5, 2.0))
    for number, of_image in list(boxes.items())[:40]:
        columns, rows = PIL.Image.open(real_data / name / "images" / files[number]).size
        clipped = np.clip(of_image, 0, [rows, columns] * 2).astype(np.float32)
        for seed in range(3):
            numbers = tf.constant([len(clipped), seed])
            view = draw(tf.constant([rows, columns]), tf.constant(clipped), numbers)
            assert holds_a_whole_box(view, [rows, columns], clipped)
