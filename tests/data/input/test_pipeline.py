import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.data.input import pipeline
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.study.grid import choose_subset


@pytest.fixture(name="source")
def _source(blocks):
    return pipeline.Input(
        prepared=prepared_datasets.load_prepared(blocks, "blocks"),
        split="train",
        task_type="segmentation",
        encode=lambda e: {"mask": e["mask"], "id": e["id"]},
        crop=(32, 32),
        rescale=(0.5, 2.0),
        seed=4,
    )


def take(batches, count):
    return list(itertools.islice(batches.as_numpy_iterator(), count))


def ids(batches):
    return [name.decode() for batch in batches for name in batch["targets"]["id"]]


def test_batches_have_static_shapes(source):
    spec = pipeline.make_train_batches(source, 3).element_spec
    assert spec["image"].shape == (3, 32, 32, 3) and spec["image"].dtype == tf.uint8
    assert spec["targets"]["mask"].shape == (3, 32, 32, 1)


def test_every_epoch_has_every_image_once_in_a_new_order(source):
    first, second = ids(take(pipeline.make_train_batches(source, 4), 3)), None
    second = ids(take(pipeline.make_train_batches(source, 4), 6))[12:]
    assert sorted(first) == sorted(second) == sorted(source.ids())
    assert first != second


def test_a_stream_can_start_anywhere(source):
    # 31 examples are passed over: two epochs of 12, and 7.
    whole = take(pipeline.make_train_batches(source, 1), 40)[31:]
    late = take(pipeline.make_train_batches(source, 1, start=31), 9)
    for a, b in zip(whole, late, strict=True):
        assert a["targets"]["id"] == b["targets"]["id"]
        assert np.array_equal(a["image"], b["image"])
        assert np.array_equal(a["targets"]["mask"], b["targets"]["mask"])


@pytest.mark.parametrize("cores", [1, 96])
def test_the_stream_is_the_same_without_memory(source, monkeypatch, cores):
    monkeypatch.setattr(pipeline, "MEMORY", 0)
    monkeypatch.setattr(pipeline, "PARALLEL_CALLS", cores)
    first = take(pipeline.make_train_batches(source, 4), 6)
    assert sorted(ids(first[:3])) == sorted(source.ids())
    again = take(pipeline.make_train_batches(source, 4, start=12), 3)
    for a, b in zip(first[3:], again, strict=True):
        assert np.array_equal(a["image"], b["image"])


def test_sets_that_fit_are_held_decoded(source, monkeypatch):
    held = take(pipeline.make_train_batches(source, 4), 6)
    pixels = 12 * 48 * 64
    monkeypatch.setattr(pipeline, "MEMORY", pixels * 7 - 1)
    parsed = take(pipeline.make_train_batches(source, 4), 6)
    assert ids(held) == ids(parsed)
    for a, b in zip(held, parsed, strict=True):
        assert np.array_equal(a["targets"]["mask"], b["targets"]["mask"])
        # Scales below a half are shrunk by the JPEG decoder in one case only.
        assert np.abs(a["image"].astype(int) - b["image"]).mean() < 6


def test_seeds_differ(source):
    other = dataclasses.replace(source, seed=5)
    assert not np.array_equal(
        take(pipeline.make_train_batches(source, 12), 1)[0]["image"],
        take(pipeline.make_train_batches(other, 12), 1)[0]["image"],
    )


def test_the_order_is_that_of_its_own_seed_whatever_the_weights_have(source):
    def order(global_seed, **changes):
        tf.random.set_seed(global_seed)
        own = dataclasses.replace(source, **changes)
        return ids(take(pipeline.make_train_batches(own, 4), 3))

    try:
        assert order(1) == order(5) == order(99) != order(1, seed=0)
    finally:
        tf.random.set_seed(None)


def test_subsets_are_what_is_read(source):
    chosen = choose_subset(source.ids(), 5)
    small = dataclasses.replace(source, chosen=tuple(chosen))
    assert sorted(set(ids(take(pipeline.make_train_batches(small, 5), 4)))) == chosen


def test_hosts_share_the_images(source):
    shares = [
        sorted(set(ids(take(pipeline.make_train_batches(source, 3, host=(i, 2)), 4))))
        for i in (0, 1)
    ]
    assert sorted(shares[0] + shares[1]) == sorted(source.ids())
    with pytest.raises(FoiError, match="too few images for 20 hosts"):
        pipeline.make_train_batches(source, 1, host=(19, 20))


def test_whole_images_are_what_is_stored(source):
    whole = dataclasses.replace(source, crop=(48, 64))
    images = (
        np.concatenate([b["image"] for b in take(pipeline.make_evaluation_batches(whole, 4), 3)])
        / 255
    )
    row = source.prepared.dataset
    assert np.abs(images.mean((0, 1, 2)) - row.mean).max() < 0.005
    assert np.abs(images.std((0, 1, 2)) - row.std).max() < 0.01


@pytest.mark.parametrize(("batch", "replicas"), [(2, 1), (2, 2), (5, 1), (8, 1)])
def test_evaluation_sees_each_image_once_and_fills_up(source, batch, replicas):
    val = dataclasses.replace(source, split="val")
    batches = take(pipeline.make_evaluation_batches(val, batch, replicas=replicas), 99)
    assert len(batches) % replicas == 0
    assert all(b["image"].shape[0] == batch for b in batches)
    place = np.concatenate([b["place"] for b in batches])
    seen = np.asarray(ids(batches))[place >= 0]
    assert list(seen) == val.ids() and place[place >= 0].tolist() == list(range(5))


def test_evaluation_is_shared_by_hosts(source):
    val = dataclasses.replace(source, split="val")
    shares = [
        take(pipeline.make_evaluation_batches(val, 2, replicas=2, host=(i, 2)), 9) for i in (0, 1)
    ]
    assert len(shares[0]) == len(shares[1])
    place = [np.concatenate([b["place"] for b in share]) for share in shares]
    assert sorted(p for of_host in place for p in of_host if p >= 0) == list(range(5))
    for share, of_host in zip(shares, place, strict=True):
        names = zip(ids(share), of_host, strict=True)
        assert all(name == val.ids()[p] for name, p in names if p >= 0)


def test_places_are_those_among_the_chosen(source):
    chosen = choose_subset(source.ids(), 5)[::-1]
    few = dataclasses.replace(source, chosen=tuple(chosen))
    assert few.ids() == [name for name in source.ids() if name in chosen]
    batches = take(pipeline.make_evaluation_batches(few, 5), 9)
    assert ids(batches) == few.ids() and batches[0]["place"].tolist() == list(range(5))


def test_no_images_is_an_error(source):
    with pytest.raises(FoiError, match="blocks:segmentation: no annotated images in train"):
        pipeline.make_train_batches(dataclasses.replace(source, chosen=("x",)), 1)


def test_training_has_no_end_and_says_so(source):
    batches = pipeline.make_train_batches(source, 4)
    assert batches.cardinality() == tf.data.INFINITE_CARDINALITY


def test_no_tuner_outlives_its_stream(source):
    for batches in (
        pipeline.make_train_batches(source, 2),
        pipeline.make_evaluation_batches(source, 2),
    ):
        assert batches.options().autotune.enabled is False


def test_several_hosts_need_no_python_for_images(source):
    def operations(hosts):
        stream = pipeline.make_train_batches(source, 2, host=(0, hosts))
        return tf.raw_ops.DatasetToGraphV2(input_dataset=stream._variant_tensor).numpy()

    assert b"PyFunc" in operations(1) and b"PyFunc" not in operations(2)


def test_crops_are_laid_around_objects_that_have_keypoints():
    marks = np.zeros((3, 2, 3), np.float32)
    marks[1, 0] = 4, 5, 2
    given = {
        "keypoints": tf.constant(marks),
        "keypoint_boxes": tf.constant([[0.0, 0, 2, 2], [3, 3, 6, 6], [1, 1, 9, 9]]),
        "keypoint_crowds": tf.constant([False, False, True]),
    }
    assert pipeline._single_objects(given, "keypoints").numpy().tolist() == [[3, 3, 6, 6]]
    none = given | {"keypoints": tf.zeros((3, 2, 3))}
    assert pipeline._single_objects(none, "keypoints").numpy().tolist() == [
        [0, 0, 2, 2],
        [3, 3, 6, 6],
    ]


def test_training_crops_hold_a_whole_object(source):
    def find_whole(example):
        shown, stored = (
            one["boxes"][:, 2:] - one["boxes"][:, :2] for one in (example, example["original"])
        )
        error = tf.abs(shown[:, None] - stored * example["scale"])
        return {"whole": tf.reduce_any(tf.reduce_max(error, 2) < 0.01)}

    one = dataclasses.replace(
        source, task_type="detection", encode=find_whole, rescale=(1.0, 6.0), around_objects=True
    )
    targets = [batch["targets"] for batch in take(pipeline.make_train_batches(one, 4), 15)]
    assert all(batch["whole"].all() for batch in targets)
