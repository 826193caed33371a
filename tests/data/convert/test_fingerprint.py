"""Tests that fingerprints equal those of version 0.1.0, in spite of new names in the code.

`fingerprints_0_1_0.json` holds digests that version 0.1.0 computed of the trees below. Prepared
data on users' disks holds such digests, so that it would all be refused if one changed.
"""

import functools
import hashlib
import json
import os
import pathlib
import time

import pytest

from foi_tf.data.convert import custom_dataset, fingerprint, layouts, rendered_scenes, shards
from foi_tf.study.dataset import Dataset
from foi_tf.study.registry import DATASETS
from tests import raw_folders
from tests.data.convert.layouts import drawing
from tests.data.convert.layouts.trees import TREES

IN_0_1_0 = json.loads(pathlib.Path(__file__).with_name("fingerprints_0_1_0.json").read_text())
# Datasets whose records are others since then, so that prepared data has to be refused: SUIM's
# water is ignored.
CHANGED = {"suim"}
ROOT = pathlib.Path("raw")  # Relative, since texts that are hashed contain paths.
WRITERS = {
    "coco": functools.partial(raw_folders.write_folder, masks=False, keypoints=["brick"]),
    "masks": functools.partial(raw_folders.write_folder, boxes=False),
    "depth": functools.partial(raw_folders.write_folder, masks=False, boxes=False, depth=True),
    "voc": raw_folders.write_voc,
    "yolo": functools.partial(raw_folders.write_yolo, pose=True),
    "folders": raw_folders.write_classes,
}


def digest(compute, splits):
    """Computes the digest of all entries, like the `source` of a prepared dataset."""
    content = hashlib.sha256()
    for split in ("train", "val"):
        for entry in splits[split]:
            content.update(compute(entry))
    return content.hexdigest()


def neutral_state(path):
    """Returns a file's path alone, since sizes and times differ between machines."""
    return os.fspath(path).encode()


@pytest.fixture(autouse=True)
def _neutral(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprint, "_read_state", neutral_state)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_published_datasets_keep_their_fingerprints(name, monkeypatch):
    if name == "ilsvrc":  # Its fingerprints contain sizes of JPEG data, which encoders decide.
        monkeypatch.setattr(drawing, "photo", lambda path, seed: path.write_bytes(b"pixels"))
    TREES[name].write(ROOT)
    found = layouts.find_published_dataset(name, ROOT)
    same = digest(fingerprint.compute_fingerprint, found.splits) == IN_0_1_0["published"][name]
    assert same == (name not in CHANGED)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_custom_datasets_keep_their_fingerprints(name):
    WRITERS[name](ROOT)
    found = custom_dataset.find_custom_dataset(ROOT, [name], "mine", "indoor", None)
    assert digest(fingerprint.compute_fingerprint, found.splits) == IN_0_1_0["custom"][name]


def test_rendered_datasets_keep_their_fingerprints():
    found = rendered_scenes.find_rendered_dataset("coco")
    assert digest(fingerprint.compute_fingerprint, found.splits) == IN_0_1_0["rendered"]["coco"]


def test_notes_of_finished_shards_keep_their_place_and_content(monkeypatch):
    monkeypatch.setattr(shards, "__version__", "0.1.0")
    WRITERS["masks"](ROOT)
    found = custom_dataset.find_custom_dataset(ROOT, ["masks"], "mine", "indoor", None)
    row = Dataset(id="mine", domain="indoor", train=8, val=4, classes={"segmentation": 3})
    plan = shards.plan_shards(row, found.splits, pathlib.Path("data"))
    (shard,) = plan["train"]
    assert str(shard.note) == "data/foi_shards/mine-train.tfrecord-00000-of-00001.txt"
    assert shard.fingerprint == IN_0_1_0["shard"]["mine"]


def test_a_fingerprint_changes_with_the_files(tmp_path, monkeypatch):
    monkeypatch.undo()
    root = raw_folders.write_folder(tmp_path)

    def fingerprints():
        found = custom_dataset.find_custom_dataset(root, ["coco", "masks"], "a", "aerial", None)
        return {e.id: fingerprint.compute_fingerprint(e) for e in found.splits["train"]}

    first = fingerprints()
    assert fingerprints() == first and len(set(first.values())) == 8
    time.sleep(0.01)
    (root / "masks/train/003.png").touch()
    assert dict(fingerprints().items() - first.items()).keys() == {"train/003"}


def test_a_fingerprint_is_the_same_for_relative_and_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.undo()
    (tmp_path / "a.jpg").write_text("a")
    monkeypatch.chdir(tmp_path)
    absolute, relative = tmp_path / "a.jpg", pathlib.Path("a.jpg")
    compute = fingerprint.compute_fingerprint
    assert compute(absolute) == compute(relative)
