"""Tests the rules that all publishers' layouts share, on the tiny trees in layouts/."""

import pickle

import numpy as np
import pytest
import tensorflow_datasets as tfds

from foi_tf.data.convert import builder, layouts
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.validation_tasks import PUBLISHED
from tests.data.convert.layouts.trees import TREES

SPOILT = [(name, said) for name, tree in TREES.items() for said in tree.SPOILS]


def assert_same(found, expected):
    assert set(found) - {"id", "image"} == set(expected)
    for field, value in expected.items():
        if np.asarray(value).dtype.kind == "f":
            np.testing.assert_allclose(found[field], value, atol=1e-3, err_msg=field)
        else:
            np.testing.assert_array_equal(found[field], value, err_msg=field)


@pytest.fixture(name="tree")
def _tree(tmp_path):
    def tree(name):
        root = tmp_path / name
        expected = TREES[name].write(root)
        return root, expected

    return tree


@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_trees_are_read_as_written(name, tree):
    root, expected = tree(name)
    folder = layouts.find_published_dataset(name, root)
    for split in ("train", "val"):
        found = {example["id"]: (example, size) for example, size in folder.examples(split)}
        assert set(found) == set(expected[split])
        assert len(found) == len(folder.splits[split])  # Ids are unique.
        for entry in folder.splits[split]:
            if entry.load_image is None:  # Files of the usual formats are kept as they are.
                assert found[entry.id][0]["image"] == entry.path.read_bytes()
        for key, fields in expected[split].items():
            assert_same(found[key][0], fields)
            _assert_contract(*found[key], folder.dataset)
    ids = [entry.id for split in folder.splits.values() for entry in split]
    assert len(set(ids)) == len(ids)


def _assert_contract(example, size, row):
    kinds = schema.annotated_task_types(example)
    assert kinds and set(kinds) <= set(row.classes)
    assert isinstance(example["image"], bytes | np.ndarray)
    if "segmentation" in kinds:
        mask = example["mask"]
        assert mask.shape == size and mask.dtype == schema.mask_dtype(row)
        labels = mask[mask != schema.IGNORE[mask.dtype]]
        assert labels.size and labels.max() < row.classes["segmentation"]
        ignored = [row.names["segmentation"].index(n) for n in row.ignored
                   if n in row.names["segmentation"]]  # fmt: skip
        assert not np.isin(labels, ignored).any()
    if "detection" in kinds:
        boxes = example["boxes"]
        assert boxes.dtype == np.float32 and (boxes >= 0).all()
        assert (boxes <= np.tile(size, 2)).all() and (boxes[:, 2:] > boxes[:, :2]).all()
        assert example["box_labels"].dtype == np.int64
        assert (example["box_areas"] > 0).all() and example["box_crowds"].dtype == np.bool_
    if "keypoints" in kinds:
        assert example["keypoints"].shape[1:] == (row.classes["keypoints"], 3)
        assert example["keypoints"].dtype == example["keypoint_boxes"].dtype == np.float32
    if "depth" in kinds:
        depth = example["depth"]
        assert depth.shape == size and depth.dtype == np.float32
        assert depth.min() >= 0 and row.depth_range[0] <= depth.max() <= 655.35
    if "classification" in kinds:
        assert 0 <= example["label"] < row.classes["classification"]


@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_reading_is_deterministic(name, tree):
    root, _ = tree(name)
    first = layouts.find_published_dataset(name, root)
    second = pickle.loads(
        pickle.dumps(layouts.find_published_dataset(name, root))
    )  # For other processes.
    for split in ("train", "val"):
        for one, other in zip(first.examples(split), second.examples(split), strict=True):
            assert one[1] == other[1] and set(one[0]) == set(other[0])
            for field, value in one[0].items():
                np.testing.assert_array_equal(other[0][field], value)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_records_hold_what_was_read(name, tree, tmp_path):
    root, expected = tree(name)
    folder = layouts.find_published_dataset(name, root)
    done = builder.build_records(folder, tmp_path / "data")
    assert done.dataset.mean == PUBLISHED[name].mean or PUBLISHED[name].mean is None
    for kind in done.dataset.classes:
        assert done.dataset.size(kind, "train") > 0 and done.dataset.size(kind, "val") > 0
    stored = tfds.builder_from_directory(str(done.directory))
    unit = schema.depth_unit(folder.dataset)
    for split in ("train", "val"):
        for example in tfds.as_numpy(stored.as_dataset(split)):
            fields = expected[split][example["id"].decode()]
            assert example["image"].dtype == np.uint8
            for field, value in fields.items():
                if field == "mask":
                    np.testing.assert_array_equal(example["mask"][..., 0], value)
                elif field == "depth":
                    read = example["depth"][..., 0] * unit
                    np.testing.assert_allclose(read, value, atol=unit / 2 + 1e-6)
                else:
                    np.testing.assert_allclose(example[field], value, atol=1e-3)


@pytest.mark.parametrize(("name", "said"), SPOILT)
def test_spoilt_trees_are_named(name, said, tree):
    root, _ = tree(name)
    TREES[name].SPOILS[said](root)
    with pytest.raises(FoiError, match=said) as caught:
        folder = layouts.find_published_dataset(name, root)
        for split in ("train", "val"):
            list(folder.examples(split))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_an_empty_folder_is_named(name, tmp_path):
    with pytest.raises(FoiError, match=str(tmp_path)):
        layouts.find_published_dataset(name, tmp_path)


@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_expected_files_are_those_of_the_tree(name, tree):
    root, _ = tree(name)
    for files in layouts.LAYOUTS[name].files:
        assert list(root.glob(files.pattern)), f"no {files.pattern} in the tree"
        assert (files.count is None or files.count > 0) and files.split in ("", "train", "val")


@pytest.mark.parametrize("name", sorted(layouts.LAYOUTS))
def test_there_are_as_many_names_as_classes(name):
    row = PUBLISHED[name]
    for kind, count in row.classes.items():
        if kind != "depth":
            names = row.names[kind]
            assert len(names) == len(set(names)) == count
