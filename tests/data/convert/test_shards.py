"""Tests shards: finished ones are kept, changed ones are written anew, always the same bytes."""

import dataclasses
import pathlib

import pytest

from foi_tf.data.convert import builder, custom_dataset, shards
from foi_tf.data.convert.entry import FileEntry, RawDataset
from foi_tf.data.convert.workers import Workers
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from tests import raw_folders


@dataclasses.dataclass(frozen=True)
class Logged:
    """Wraps an entry; each load adds a line with its id to a log."""

    entry: FileEntry
    log: str
    part_of = None

    @property
    def id(self):
        return self.entry.id

    def load(self, dataset):
        with pathlib.Path(self.log).open("a") as log:
            log.write(f"{self.id}\n")
        return self.entry.load(dataset)


def find(root, log, **sizes):
    if not (root / "classes.json").exists():
        raw_folders.write_folder(root, boxes=False, **sizes)
    found = custom_dataset.find_custom_dataset(root, ["masks"], "mine", "aerial", None)
    splits = {split: [Logged(e, str(log)) for e in of] for split, of in found.splits.items()}
    return RawDataset(found.dataset, splits)


def loaded(log):
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


@pytest.mark.parametrize(
    ("examples", "files"), [(1, 1), (16, 1), (17, 2), (2975, 14), (118287, 86)]
)
def test_files_grow_with_the_square_root(examples, files):
    assert shards.count_shards(examples) == files


def test_only_what_is_unfinished_or_changed_is_written(tmp_path):
    root, log, data = tmp_path / "raw", tmp_path / "log", tmp_path / "data"
    found = find(root, log, train=40, val=3)
    (root / "masks/val/001.png").rename(tmp_path / "mask.png")
    with pytest.raises(FoiError, match=r"val/001\.png: No such file"):
        builder.build_records(found, data)
    assert {name.split("/")[0] for name in loaded(log)} == {"train", "val"}
    # A file of another plan and an unfinished file do no harm.
    directory = data / "mine/1.0.0"
    (directory / "mine-train.tfrecord-00000-of-00009").write_text("")
    (directory / ".mine-val.0a1b2c3d.tfrecord-00000-of-00001").write_text("half")
    kept = {p.name: p.stat().st_mtime_ns for p in directory.glob("*train*of-00002")}
    assert len(kept) == 2
    (tmp_path / "mask.png").rename(root / "masks/val/001.png")
    done = builder.build_records(find(root, log), data)
    assert {name.split("/")[0] for name in loaded(log)} == {"val"}
    assert {p.name: p.stat().st_mtime_ns for p in directory.glob("*train*")} == kept
    assert len(done.ids["train"]) == 40
    left = {p.name.partition(".tfrecord")[0] for p in directory.iterdir()}
    assert left == {"mine-train", "mine-val", "features.json", "dataset_info.json",
                    "foi_dataset.json", "foi_index.json", "foi_warnings.json"}  # fmt: skip


def test_the_shard_of_a_changed_file_is_written_anew(tmp_path):
    root, log, data = tmp_path / "raw", tmp_path / "log", tmp_path / "data"
    (find(root, log, train=40, val=3), (root / "images/val/002.jpg").unlink())
    raw_folders.write_text(root / "images/val/002.jpg", "no image")
    with pytest.raises(FoiError, match="not a whole image"):
        builder.build_records(find(root, log), data)
    loaded(log)
    mask = root / "masks/train/007.png"
    raw_folders.save_image(mask, raw_folders.np.zeros((48, 64), raw_folders.np.uint8))
    image = (root / "images/val/001.jpg").read_bytes()
    (root / "images/val/002.jpg").write_bytes(image)
    done = builder.build_records(find(root, log), data)
    redone = [name for name in loaded(log) if name.startswith("train/")]
    planned = shards.plan_shards(done.dataset, find(root, log).splits, done.directory)["train"]
    (path,) = [s.path for s in planned if "train/007" in [e.id for e in s.entries]]
    count = {pathlib.Path(p).name: n for p, n in done.files["train"]}[path.name]
    assert "train/007" in redone and len(redone) == count < 40


@pytest.mark.slow
def test_records_are_the_same_for_any_number_of_processes(tmp_path):
    root = tmp_path / "raw"
    alone = builder.build_records(
        find(root, tmp_path / "log", train=300, val=220), tmp_path / "one"
    )
    with Workers(2) as workers:
        shared = builder.build_records(
            find(root, tmp_path / "log"), tmp_path / "two", workers=workers
        )
    assert shared.fingerprint == alone.fingerprint
    for (one, _), (other, _) in zip(alone.files["train"], shared.files["train"], strict=True):
        assert pathlib.Path(one).read_bytes() == pathlib.Path(other).read_bytes()
    assert [n for _, n in shared.files["train"]] == [n for _, n in alone.files["train"]] == [60] * 5


def test_two_entries_of_one_id_are_refused(tmp_path):
    found = find(tmp_path / "raw", tmp_path / "log")
    twice = {**found.splits, "train": [*found.splits["train"], found.splits["train"][3]]}
    with pytest.raises(FoiError, match="train: two images have the id 'train/003'"):
        builder.build_records(RawDataset(found.dataset, twice), tmp_path / "data")
    assert prepared_datasets.find_prepared(tmp_path / "data") == {}
