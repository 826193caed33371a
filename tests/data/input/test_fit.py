"""Tests both readings of "one side matches the input resolution" (section 4.1)."""

import dataclasses
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.input import pipeline, views
from foi_tf.data.records import prepared_datasets
from foi_tf.study.registry import DATASETS

CHOICES = pathlib.Path(__file__).parents[3] / "docs/choices.md"
CROP = (40, 72)  # Wider than the images, which are 48 x 64.


@pytest.fixture(name="source")
def _source(blocks):
    return pipeline.Input(
        prepared=prepared_datasets.load_prepared(blocks, "blocks"),
        split="val",
        task_type="detection",
        encode=lambda e: {
            "boxes": e["boxes"],
            "truth": e["original"]["boxes"],
            "scale": e["scale"],
        },
        crop=CROP,
        fit="cover",
    )


def numbers(view):
    return [int(value) for value in view[:7]] + [bool(view.mirrored), float(view.zoom)]


def test_inside_is_the_default_and_shows_the_whole_image():
    size = tf.constant([375, 1242])
    view = views.fit_whole_image(size, (512, 512))
    assert numbers(view) == [0, 0, 374, 1242, 154, 512, 2, False, 1.0]
    assert numbers(views.fit_whole_image(size, (512, 512), "inside")) == numbers(view)


def test_cover_fills_the_input_with_the_middle():
    view = views.fit_whole_image(tf.constant([375, 1242]), (512, 512), "cover")
    y, x, height, width, *out = numbers(view)[:6]
    assert (y, height, out) == (0, 375, [512, 512])
    assert width == pytest.approx(375, abs=1) and x == pytest.approx((1242 - 375) / 2, abs=1)
    assert float(view.zoom) == 1
    assert float(view.scale[0]) == pytest.approx(512 / 375, rel=0.01)


def test_both_are_the_same_where_the_image_has_the_inputs_shape():
    for size, crop in (((1024, 2048), (512, 1024)), ((800, 800), (713, 713))):
        inside, cover = (
            views.fit_whole_image(tf.constant(size), crop, f) for f in ("inside", "cover")
        )
        assert numbers(inside) == numbers(cover)


def test_the_table_of_native_sizes_is_right():
    """Computes the columns of docs/choices.md from sizes of images and inputs."""
    rows = re.findall(
        r"^\| (\w+) \| ~?(\d+) x (\d+) \| (\d+) x (\d+) \|(.*)\|$", CHOICES.read_text(), re.M
    )
    assert [row[0] for row in rows] == [name for name in DATASETS if name != "ilsvrc"]
    for name, *sides, shown in rows:
        height, width, *crop = map(int, sides)
        assert tuple(crop) == (DATASETS[name].crop or (512, 512))
        found = []
        for fit in ("inside", "cover"):
            view = views.fit_whole_image(tf.constant([height, width]), tuple(crop), fit)
            found.append(float(tf.reduce_mean(view.scale)))
            if fit == "inside":
                filled = int(view.out_height) * int(view.out_width) / np.prod(crop)
                found.append(100 - 100 * filled)
            else:
                found.append(100 * int(view.height) * int(view.width) / (height * width))
        printed = [float(text.strip(" %")) for text in shown.split("|")]
        np.testing.assert_allclose(found[::2], printed[::2], atol=0.011, err_msg=name)
        np.testing.assert_allclose(found[1::2], printed[1::2], atol=1.5, err_msg=name)


def test_annotated_objects_count_from_the_corner_of_the_view(source):
    """Compares boxes of the view with those that predictions are compared with."""
    count = 0
    for batch in pipeline.make_evaluation_batches(source, 1):
        targets = {name: value[0].numpy() for name, value in batch["targets"].items()}
        there = targets["truth"] * np.tile(targets["scale"], 2)
        cut = np.clip(there, 0, np.tile(CROP, 2))
        for box in targets["boxes"]:
            assert np.abs(cut - box).max(1).min() < 1e-3
            count += 1
    assert count > 4


def test_evaluation_fills_the_input(source):
    fields = {"task_type": "segmentation", "encode": lambda e: {"mask": e["mask"]}}
    cover = dataclasses.replace(source, **fields)
    inside = dataclasses.replace(cover, fit="inside")
    for source_of_fit, padded in ((cover, False), (inside, True)):
        (first, *_) = pipeline.make_evaluation_batches(source_of_fit, 1)
        right = first["targets"]["mask"][0, :, -8:].numpy()
        assert (right == 255).all() == padded


def test_training_scales_count_from_the_chosen_fit(source):
    encode = {"encode": lambda e: {"scale": e["scale"]}, "split": "train"}
    scales = {}
    for fit in ("inside", "cover"):
        one = dataclasses.replace(source, fit=fit, rescale=(1.0, 1.0), **encode)
        batch = next(iter(pipeline.make_train_batches(one, 4)))
        scales[fit] = batch["targets"]["scale"].numpy()
    np.testing.assert_allclose(scales["inside"], 40 / 48, rtol=0.03)
    np.testing.assert_allclose(scales["cover"], 72 / 64, rtol=0.03)


def test_magnification_is_relative_to_the_chosen_fit(source):
    size = tf.constant([48, 64], tf.int64)
    one = dataclasses.replace(source, rescale=(2.0, 2.0), task_type="depth")
    view = pipeline._draw_view({"size": size}, one, tf.constant([1, 2]))
    assert float(view.zoom) == pytest.approx(2)
    assert float(view.scale[0]) == pytest.approx(2 * 72 / 64, rel=0.05)
