import dataclasses

import cv2
import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.input import augment, views
from foi_tf.study.dataset import Dataset

PLAIN = Dataset(
    id="x", domain="aerial", train=1, val=1, classes={"segmentation": 200, "keypoints": 3},
    mean=(0.0, 0.0, 0.0), std=(1 / 255,) * 3, flip_pairs=((1, 2),),
)  # fmt: skip


def encoded(pixels, suffix=".png"):
    return tf.constant(cv2.imencode(suffix, pixels, (cv2.IMWRITE_JPEG_QUALITY, 100))[1].tobytes())


def example(height, width, suffix=".png"):
    """Makes an image with the channels row, column and 7, and a mask that equals the rows."""
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    image = np.stack([y, x, np.full_like(y, 7)], -1)
    return {
        "image": encoded(image[..., ::-1], suffix),
        "size": tf.constant([height, width], tf.int64),
        "mask": tf.constant(y[..., None]),
        "depth": tf.constant(x[..., None] / np.float32(100)),
    }


def random_views(size, crop, rescale, count=40, boxes=None):
    for number in range(count):
        yield views.draw_random_view(
            tf.constant(size), crop, rescale, tf.constant([3, number]), boxes
        )


@pytest.mark.parametrize("rescale", [(0.2, 0.5), (0.5, 2.0)])
def test_a_decoded_image_is_seen_as_an_encoded_one_is(rescale):
    given = example(60, 80)
    decoded = tf.io.decode_png(given["image"])
    for view in random_views((60, 80), (32, 32), rescale, count=10):
        a = augment.crop_image(given["image"], view, (32, 32), PLAIN.mean)
        b = augment.crop_image(decoded, view, (32, 32), PLAIN.mean)
        assert np.array_equal(a, b)


def test_the_whole_image_fits_on_one_side():
    view = views.fit_whole_image(tf.constant([60, 80]), (32, 32))
    assert (int(view.out_height), int(view.out_width)) == (24, 32)
    assert [int(v) for v in view[:4]] == [0, 0, 60, 80]
    assert not bool(view.mirrored)


@pytest.mark.parametrize("size", [(7, 300), (300, 3), (1, 1), (2, 900)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_strips_and_specks_keep_a_pixel_of_their_short_side(size, suffix):
    given, crop = example(*size, suffix), (32, 48)
    whole = views.fit_whole_image(tf.constant(size), crop)
    for view in (whole, *random_views(size, crop, (0.2, 1.0), count=5)):
        assert min(int(side) for side in view[2:6]) >= 1 and int(view.shrink) <= min(size)
        for native in (False, True):
            seen = augment.crop_image(given["image"], view, crop, PLAIN.mean, native=native)
            assert seen.shape == (*crop, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(("size", "crop"), [((48, 64), (32, 32)), ((201, 150), (64, 32))])
def test_image_and_annotations_stay_true_to_each_other(suffix, size, crop):
    one = example(*size, suffix)
    for view in random_views(size, crop, (0.5, 3.0), 12):
        out = augment.augment_example(one, view, crop, PLAIN)
        h, w = int(view.out_height), int(view.out_width)
        image, mask = out["image"].numpy().astype(int), out["mask"].numpy()[..., 0].astype(int)
        assert image.shape == (*crop, 3) and mask.shape == crop
        # The tolerance is half of the image pixels that one output pixel spans, and rounding.
        slack = max(1 / view.scale.numpy()) * 0.5 + (5 if suffix == ".jpg" else 1.5)
        assert np.abs(image[:h, :w, 0] - mask[:h, :w]).max() <= slack
        columns = 100 * float(view.zoom) * out["depth"].numpy()[:h, :w, 0]
        assert np.abs(image[:h, :w, 1] - columns).max() <= slack
        assert (image[h:] == 0).all() and (image[:, w:] == 0).all()
        assert (mask[h:] == 255).all() and (mask[:, w:] == 255).all()


def test_points_land_where_their_pixels_do():
    one = example(64, 96)
    marks = tf.constant([[20.5, 30.5], [40.5, 70.5]])
    for view in random_views((64, 96), (64, 96), (1.0, 2.0)):
        image = augment.augment_example(one, view, (64, 96), PLAIN)["image"].numpy()
        for (y, x), (row, column) in zip(
            augment.move_points(marks, view).numpy(), marks.numpy(), strict=True
        ):
            if 1 < y < int(view.out_height) - 1 and 1 < x < int(view.out_width) - 1:
                # Pixel (i, j) shows row i and column j, whose center is at + 0.5.
                assert image[int(y), int(x), 0] == pytest.approx(row - 0.5, abs=1)
                assert image[int(y), int(x), 1] == pytest.approx(column - 0.5, abs=1)


def test_mirroring_twice_is_nothing():
    view = views.fit_whole_image(tf.constant([8, 10]), (8, 10))._replace(mirrored=tf.constant(True))
    boxes = tf.constant([[1.0, 2, 3, 7]])
    once, _ = augment.crop_boxes(boxes, view)
    assert once.numpy().tolist() == [[1, 3, 3, 8]]
    assert augment.crop_boxes(once, view)[0].numpy().tolist() == boxes.numpy().tolist()
    marks = tf.constant([[[1.0, 2, 2], [3, 4, 1], [5, 6, 2]]])
    once = augment.crop_keypoints(marks, view, PLAIN.flip_pairs)
    assert once.numpy().tolist() == [[[1, 8, 2], [5, 4, 2], [3, 6, 1]]]
    again = augment.crop_keypoints(once, view, PLAIN.flip_pairs)
    assert again.numpy().tolist() == marks.numpy().tolist()
    one = example(8, 10)
    mirrored = augment.augment_example(one, view, (8, 10), PLAIN)
    plain = augment.augment_example(one, view._replace(mirrored=tf.constant(False)), (8, 10), PLAIN)
    assert np.array_equal(mirrored["image"][:, ::-1], plain["image"])
    assert np.array_equal(mirrored["mask"][:, ::-1], plain["mask"])


def test_boxes_are_cut_and_dropped_by_visible_area():
    view = views.fit_whole_image(tf.constant([20, 20]), (20, 20))
    view = view._replace(x=tf.constant(10), width=tf.constant(10), out_width=tf.constant(10))
    boxes = tf.constant([[0.0, 0, 4, 8], [0, 4, 4, 12], [0, 6, 4, 14], [2, 11, 4, 15]])
    cut, seen = augment.crop_boxes(boxes, view)
    assert seen.numpy().tolist() == [False, True, True, True]
    assert cut.numpy()[1:].tolist() == [[0, 0, 4, 2], [0, 0, 4, 4], [2, 1, 4, 5]]


def test_keypoints_outside_the_crop_vanish():
    view = views.fit_whole_image(tf.constant([20, 20]), (20, 20))
    view = view._replace(y=tf.constant(10), height=tf.constant(10), out_height=tf.constant(10))
    marks = augment.crop_keypoints(tf.constant([[[4.0, 5, 2], [15, 5, 1], [0, 0, 0]]]), view, ())
    assert marks.numpy().tolist() == [[[0, 0, 0], [5, 5, 1], [0, 0, 0]]]


def test_views_are_inside_the_image_and_of_the_asked_scale():
    size, crop = (120, 90), (48, 64)
    fit = min(48 / 120, 64 / 90)
    factors = []
    for view in random_views(size, crop, (0.5, 2.0)):
        y, x, h, w, out_h, out_w, shrink = (int(v) for v in view[:7])
        assert 0 <= y <= y + h <= 120 and 0 <= x <= x + w <= 90
        assert out_h <= 48 and out_w <= 64
        assert y % shrink == x % shrink == h % shrink == w % shrink == 0
        factors.append(float(view.scale[0]) / fit)
    assert 0.45 < min(factors) < 0.8 and 1.7 < max(factors) < 2.1


def test_all_of_a_view_follows_from_its_seed():
    def made(seed):
        view = views.draw_random_view(
            tf.constant([99, 77]), (32, 32), (0.5, 2.0), tf.constant(seed)
        )
        return [int(v) for v in view]

    assert made([1, 2]) == made([1, 2])
    assert made([1, 2]) != made([1, 3]) and made([1, 2]) != made([2, 2])


def test_depth_is_what_the_same_camera_would_measure():
    # A wall 6 m away, some of it unknown; magnified z times it looks 6 / z m away.
    wall = np.full((40, 60, 1), 6, np.float32)
    wall[:, :20] = 0
    for view in random_views((40, 60), (20, 30), (0.5, 3.0), 12):
        seen = augment.crop_depth(tf.constant(wall), view, (20, 30), None).numpy()
        known = seen[seen > 0]
        np.testing.assert_allclose(known, 6 / float(view.zoom), rtol=1e-6)
        # Depth times scale is constant, as for a real camera.
        scale = float(view.scale[1]) / min(20 / 40, 30 / 60)
        np.testing.assert_allclose(known * scale, 6, rtol=0.05)
    whole = views.fit_whole_image(tf.constant([40, 60]), (20, 30))
    assert set(np.unique(augment.crop_depth(tf.constant(wall), whole, (20, 30), None))) == {0, 6}


def test_depth_beyond_the_range_stays_there_at_every_zoom():
    meters = tf.constant([[[0.0], [1], [4], [99]]])
    view = views.fit_whole_image(tf.constant([1, 4]), (1, 4))._replace(zoom=tf.constant(2.0))
    seen = augment.crop_depth(meters, view, (1, 4), (2.0, 8.0)).numpy()
    assert seen.ravel().tolist() == [0, 2, 2, 8]


def test_it_runs_alike_inside_dataset_map():
    one = example(40, 50)

    def run(number):
        seed = tf.stack([tf.constant(5, tf.int64), number])
        view = views.draw_random_view(one["size"], (32, 32), (0.5, 2.0), seed)
        return augment.augment_example(one, view, (32, 32), PLAIN)

    mapped = tf.data.Dataset.range(5).map(run)
    for number, out in enumerate(mapped):
        eager = run(tf.constant(number, tf.int64))
        for name in ("image", "mask", "depth"):
            np.testing.assert_allclose(out[name], eager[name], atol=1e-5)


def test_jpegs_shrink_while_they_are_decoded_and_gray_ones_have_three_channels():
    gray = {
        "image": encoded(np.full((64, 64), 90, np.uint8), ".jpg"),
        "size": tf.constant([64, 64]),
    }
    view = views.fit_whole_image(gray["size"], (8, 8))
    assert int(view.shrink) == 8
    out = augment.augment_example(gray, view, (8, 8), PLAIN)["image"].numpy().astype(int)
    assert out.shape == (8, 8, 3) and np.abs(out - 90).max() <= 1


def test_beyond_the_edge_is_the_mean_color():
    row = dataclasses.replace(PLAIN, mean=(0.2, 0.4, 0.6))
    one = example(10, 20)
    out = augment.augment_example(one, views.fit_whole_image(one["size"], (20, 20)), (20, 20), row)
    assert out["image"].dtype == tf.uint8
    assert (out["image"].numpy()[10:] == (51, 102, 153)).all()


@pytest.mark.parametrize("rescale", [(0.2, 0.5), (0.5, 2.0)])
def test_native_operations_show_what_opencv_does(rescale):
    given = example(60, 80)
    for view in random_views((60, 80), (32, 32), rescale, count=10):
        a, b = (
            augment.crop_image(given["image"], view, (32, 32), PLAIN.mean, native=native).numpy()
            for native in (False, True)
        )
        assert b.shape == a.shape and np.abs(a.astype(int) - b).max() <= 1


@pytest.mark.parametrize("size", [(60, 80), (7, 300), (300, 3), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_native_operations_sample_the_pixels_that_numpy_does(size, dtype):
    pixels = tf.constant(np.arange(np.prod(size)).reshape(*size, 1).astype(dtype))
    for view in random_views(size, (32, 48), (0.2, 2.0), count=10):
        a, b = (
            augment.crop_map(pixels, view, (32, 48), 255, native=native) for native in (False, True)
        )
        assert a.dtype == b.dtype == dtype and a.shape == (32, 48, 1)
        assert np.array_equal(a, b)
