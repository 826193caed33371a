"""Tests the rules that all formats share; reads the real sets that FOI_REAL_DATA may name."""

import os
import pathlib

import numpy as np
import pytest

from foi_tf.data.convert.readers import FORMATS
from foi_tf.errors import FoiError
from tests import raw_exports, raw_folders
from tests.data.convert.reading import examples, find

REAL = os.environ.get("FOI_REAL_DATA")


def write(root, form):
    """Writes a raw folder in a format; returns its root."""
    if form == "voc":
        return raw_folders.write_voc(root)[0]
    if form == "yolo":
        return raw_folders.write_yolo(root)[0]
    if form == "folders":
        return raw_folders.write_classes(root)
    if form in raw_exports.FORMS:
        return raw_exports.write_export(root, form)
    return raw_folders.write_folder(
        root, masks=form == "masks", boxes=form == "coco", depth=form == "depth"
    )


@pytest.mark.parametrize("form", sorted(raw_exports.FORMS))
def test_outlines_make_the_masks_and_boxes_that_were_drawn(tmp_path, form):
    root = write(tmp_path, form)
    drawn = examples(root, "masks" if form != "binary_masks" else form, split="val")
    read = examples(root, form, split="val")
    assert len(read) == len(drawn) == 4
    for example, expected in zip(read, drawn, strict=True):
        mask = expected["mask"]
        if "mask" in example:
            assert example["mask"].dtype == np.uint8 and np.array_equal(example["mask"], mask)
        for label, box in zip(example.get("box_labels", ()), example.get("boxes", ()), strict=True):
            rows, columns = np.nonzero(mask == label + 1)
            corners = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
            assert np.allclose(box, corners, atol=1e-3)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_gives_whole_examples(tmp_path, form):
    found = find(write(tmp_path, form), form)
    assert found.dataset.train > found.dataset.val > 0
    (task_type,) = found.dataset.classes
    for split in ("train", "val"):
        ids = [example["id"] for example, _ in found.examples(split)]
        assert len(set(ids)) == found.dataset.size(task_type, split)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_names_a_folder_without_it(tmp_path, form):
    with pytest.raises(FoiError, match=f"{tmp_path}.*: (no such (directory|file)|holds no images)"):
        find(tmp_path, form)


def real_sets():
    if REAL is None:
        return [pytest.param(None, marks=pytest.mark.skip("FOI_REAL_DATA names no folder of sets"))]
    found = sorted(path for path in pathlib.Path(REAL).iterdir() if (path / "images").is_dir())
    return [pytest.param(path, id=path.name) for path in found]


@pytest.mark.slow
@pytest.mark.parametrize("root", real_sets())
def test_real_sets_are_read_whole(root):
    parts = {"coco": "annotations", "masks": "masks", "depth": "depth"}
    formats = [name for name, folder in parts.items() if (root / folder).is_dir()]
    found = find(root, *formats)
    seen = set()
    for split in ("train", "val"):
        listed = len(list((root / "images" / split).iterdir()))
        count = 0
        for example, (height, width) in found.examples(split):
            count += 1
            seen |= set(example)
            if "depth" in example:
                assert 0 < np.max(example["depth"]) < 20
            if "keypoints" in example:
                inside = example["keypoints"][..., :2].max((0, 1))
                assert (inside <= (height, width)).all()
        assert count == found.dataset.size(next(iter(found.dataset.classes)), split) == listed
    wanted = {"segmentation": "mask", "detection": "boxes", "keypoints": "keypoints"}
    assert all(wanted.get(kind, kind) in seen for kind in found.dataset.classes)
