import sys

import cv2
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from foi_tf.data.input import blur, pipeline, simclr_views
from foi_tf.data.records import prepared_datasets

MEAN = (0.5, 0.5, 0.5)


def rows_and_columns(height, width):
    """Makes a PNG picture with the channels row, column and 7."""
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    pixels = np.stack([y, x, np.full_like(y, 7)], -1)
    return tf.constant(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())


@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
def test_blur_is_the_convolution_with_a_gaussian(sigma):
    image = np.random.default_rng(0).uniform(size=(20, 24, 3)).astype(np.float32)
    kernel = np.exp(-(np.arange(-3, 4) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    expected = image
    for axis in (0, 1):
        expected = scipy.ndimage.convolve1d(expected, kernel, axis, mode="mirror")
    for function in (blur.blur, lambda i, s, n: blur.blur_separably(i, n, s)):
        found = function(tf.constant(image), sigma, 7)
        np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="tensorflow-addons is of Python 3.11")
def test_both_ways_to_blur_have_the_same_numbers():
    from tensorflow_addons.image import gaussian_filter2d

    assert blur._find_filter() is gaussian_filter2d
    image = tf.random.stateless_uniform((33, 48, 3), [1, 2])
    for sigma in (0.1, 1.0, 2.0):
        addons, ours = gaussian_filter2d(image, 5, sigma), blur.blur_separably(image, 5, sigma)
        np.testing.assert_allclose(addons, ours, atol=1e-6)


@pytest.mark.parametrize(("size", "crop"), [((64, 96), (32, 32)), ((200, 120), (48, 32))])
def test_windows_are_inside_of_the_asked_area_and_shape(size, crop):
    areas, flips = [], 0
    for number in range(60):
        view = simclr_views.draw_resized_crop(
            tf.constant(size), crop, (1.0, 2.0), tf.constant([3, number])
        )
        y, x, height, width, out_height, out_width, shrink = (int(v) for v in view[:7])
        assert 0 <= y <= y + height <= size[0] and 0 <= x <= x + width <= size[1]
        assert (out_height, out_width) == crop
        assert y % shrink == x % shrink == height % shrink == width % shrink == 0
        ratio = (width / height) / (crop[1] / crop[0])
        assert 0.7 < ratio < 1.43 or (height, width) == size
        areas.append(height * width / (size[0] * size[1]))
        flips += int(view.mirrored)
    assert 0.2 < min(areas) < 0.35 and max(areas) > 0.5
    assert 15 < flips < 45


def test_a_window_shows_what_is_there():
    picture = rows_and_columns(64, 96)
    for number in range(10):
        seed = tf.constant([5, number])
        view = simclr_views.draw_resized_crop(tf.constant([64, 96]), (64, 96), (1.0, 2.0), seed)
        seen = simclr_views.augment.crop_image(picture, view, (64, 96), MEAN).numpy().astype(int)
        rows, columns = seen[:, 48, 0], seen[32, :, 1]
        if bool(view.mirrored):
            columns = columns[::-1]
        y, x, height, width = (int(v) for v in view[:4])
        np.testing.assert_allclose(rows, y + (np.arange(64) + 0.5) * height / 64 - 0.5, atol=1.5)
        np.testing.assert_allclose(columns, x + (np.arange(96) + 0.5) * width / 96 - 0.5, atol=1.5)


def test_colors_change_as_often_as_they_should():
    pixels = tf.random.stateless_uniform((8, 8, 3), [1, 1])
    function = tf.function(simclr_views.distort_colors, autograph=False)
    seen = [function(pixels, tf.constant([7, n])).numpy() for n in range(300)]
    assert all(x.min() >= 0 and x.max() <= 1 for x in seen)
    same = np.mean([np.array_equal(x, pixels) for x in seen])
    gray = np.mean([np.ptp(x, axis=-1).max() < 1e-6 for x in seen])
    assert same == pytest.approx(0.2 * 0.8, abs=0.07) and gray == pytest.approx(0.2, abs=0.07)
    again = function(pixels, tf.constant([7, 0])).numpy()
    assert np.array_equal(again, seen[0]) and not np.array_equal(seen[0], seen[1])


@pytest.fixture(name="source")
def _source(blocks):
    return pipeline.Input(
        prepared=prepared_datasets.load_prepared(blocks, "blocks"),
        split="train", task_type="contrastive",
        encode=lambda example: {"id": example["id"]}, crop=(32, 32), rescale=(1.0, 3.5), seed=4,
        views=2,
    )  # fmt: skip


@pytest.mark.slow
def test_partners_stand_beside_each_other(source):
    batches = pipeline.make_train_batches(source, 4)
    assert batches.element_spec["image"].shape == (8, 32, 32, 3)
    assert batches.element_spec["image"].dtype == tf.uint8
    whole = list(batches.take(5).as_numpy_iterator())
    late = list(pipeline.make_train_batches(source, 4, start=8).take(3).as_numpy_iterator())
    for a, b in zip(whole[2:], late, strict=True):
        assert np.array_equal(a["image"], b["image"])
        assert np.array_equal(a["targets"]["id"], b["targets"]["id"])
    ids = [name for batch in whole[:3] for name in batch["targets"]["id"]]
    assert sorted(ids) == sorted(name.encode() for name in source.prepared.ids["train"])
    pairs = np.concatenate([batch["image"] for batch in whole]).reshape(-1, 2, 32, 32, 3)
    assert all(not np.array_equal(first, second) for first, second in pairs)


@pytest.mark.slow
def test_images_are_judged_by_the_same_views_always(source):
    first, second = (
        list(pipeline.make_evaluation_batches(source, 5).as_numpy_iterator()) for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a["image"], b["image"]) and a["image"].shape == (10, 32, 32, 3)
    places = np.concatenate([batch["place"] for batch in first])
    assert places.tolist() == [*range(12), -1, -1, -1]
