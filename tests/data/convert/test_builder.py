import dataclasses
import gc
import json
import pathlib
import shutil
import threading
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds

from foi_tf import lease
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.records import integrity, prepared_datasets, scan
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Dataset, Task
from tests import raw_folders


def test_records_are_readable_with_tfds(blocks):
    directory = prepared_datasets.load_prepared(blocks, "blocks").directory
    info = tfds.builder_from_directory(str(directory))
    examples = list(tfds.as_numpy(info.as_dataset("train")))
    assert len(examples) == 12
    one = examples[0]
    assert one["image"].shape == (48, 64, 3) and one["mask"].shape == (48, 64, 1)
    assert set(np.unique(one["mask"])) <= {0, 1, 2}
    assert one["boxes"].shape == (2, 4) and one["box_labels"].tolist() == [0, 1]
    assert one["annotated"] == b"segmentation detection"


@pytest.mark.parametrize("name", ["coco", "voc", "yolo"])
def test_images_annotated_without_objects_are_evaluated(name, tmp_path):
    root, image = tmp_path / "raw", "val/000"
    if name == "coco":
        raw_folders.write_folder(root, train=2, val=3, masks=False)
        path = root / "annotations/val.json"
        content = json.loads(path.read_text())
        content["annotations"] = [one for one in content["annotations"] if one["image_id"] == 1]
        content["images"].pop()  # An image that is not annotated.
        path.write_text(json.dumps(content))
    elif name == "voc":
        raw_folders.write_voc(root)
        image = "2007_val0"
        path = root / f"Annotations/{image}.xml"
        path.write_text(raw_folders.voc_xml(image, []))
    else:
        raw_folders.write_yolo(root)
        (root / f"labels/{image}.txt").unlink()
    found = custom_dataset.find_custom_dataset(root, [name], "empty", "aerial", None)
    done = builder.build_records(found, tmp_path / "data")
    annotated = done.annotated_ids("val", "detection")
    assert len(annotated) == 2 and image in annotated
    assert done.dataset.size("detection", "val") == 2
    stored = tfds.builder_from_directory(str(done.directory)).as_dataset("val")
    boxes = {one["id"].decode(): one["boxes"] for one in tfds.as_numpy(stored)}
    assert len(boxes[image]) == 0 and all(len(b) for i, b in boxes.items() if i != image)


def test_files_are_kept_as_they_are(tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw", train=2, val=1)
    found = custom_dataset.find_custom_dataset(root, ["masks"], "kept", "aerial", None)
    done = builder.build_records(found, tmp_path / "data")
    decoders = {"image": tfds.decode.SkipDecoding()}
    stored = tfds.builder_from_directory(str(done.directory)).as_dataset("train", decoders=decoders)
    for example in tfds.as_numpy(stored):
        path = root / "images" / f"{example['id'].decode()}.jpg"
        assert example["image"] == path.read_bytes()


@dataclasses.dataclass(frozen=True)
class Half:
    id: str
    part_of = None

    def load(self, dataset):
        image = np.zeros((4, 8, 3), np.uint8)
        image[:, :4] = (255, 51, 0)  # Half of the pixels; JPEG keeps 4-pixel blocks of 8 apart.
        return {"id": self.id, "image": np.repeat(image, 8, 1), "label": int(self.id[-1]) % 2}, (
            4,
            64,
        )


def test_the_row_comes_with_measured_statistics(tmp_path):
    row = Dataset(id="halves", domain="aerial", train=3, val=2, classes={"classification": 2})
    splits = {
        "train": [Half(f"t/{i}") for i in range(3)],
        "val": [Half(f"v/{i}") for i in range(2)],
    }
    done = builder.build_records(RawDataset(row, splits), tmp_path).dataset
    assert done.mean == pytest.approx((0.5, 0.1, 0), abs=0.01)
    assert done.std == pytest.approx((0.5, 0.1, 1 / 255), abs=0.01)
    assert (done.train, done.val) == (3, 2)
    assert json.loads((tmp_path / "halves/1.0.0/foi_dataset.json").read_text())["mean"]


def test_a_failure_leaves_nothing_that_looks_prepared(tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw")
    (root / "images/val/001.jpg").write_bytes(b"\xff\xd8 no image")
    found = custom_dataset.find_custom_dataset(root, ["masks"], "broken", "aerial", None)
    with pytest.raises(FoiError, match=r"val/001\.jpg: not a whole image"):
        builder.build_records(found, tmp_path / "data")
    assert prepared_datasets.find_prepared(tmp_path / "data") == {}
    # Finished shards stay for the next run; the broken one leaves no file.
    names = [p.name for p in (tmp_path / "data").rglob("*.tfrecord*") if "broken-val" in p.name]
    assert not names and not list((tmp_path / "data").rglob("dataset_info.json"))


def test_an_interrupted_scan_is_repeated(tmp_path):
    found = custom_dataset.find_custom_dataset(
        raw_folders.write_folder(tmp_path / "raw"), ["masks"], "again", "aerial", None
    )
    first = builder.build_records(found, tmp_path / "data")
    (first.directory / "foi_dataset.json").unlink()
    assert prepared_datasets.find_prepared(tmp_path / "data") == {}
    second = builder.build_records(found, tmp_path / "data")
    assert second == first


def test_another_dataset_of_the_same_id_is_refused(blocks, tmp_path):
    found = custom_dataset.find_custom_dataset(
        raw_folders.write_folder(tmp_path, seed=5), ["masks"], "blocks", "driving", None
    )
    with pytest.raises(FoiError, match="already holds another dataset 'blocks'"):
        builder.build_records(found, blocks)


def test_the_same_id_from_changed_files_is_refused(tmp_path):
    root = raw_folders.write_folder(tmp_path / "raw")

    def build():
        return builder.build_records(
            custom_dataset.find_custom_dataset(root, ["masks"], "mine", "aerial", None),
            tmp_path / "data",
        )

    assert build() == build()
    mask = root / "masks/train/000.png"
    raw_folders.save_image(mask, np.zeros((48, 64), np.uint8))
    with pytest.raises(FoiError, match="holds 'mine' from other raw files, or from the same"):
        build()


def damage(path, place):
    """Changes one byte, or cuts the file there."""
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)


def test_broken_record_files_are_named(tmp_path):
    found = custom_dataset.find_custom_dataset(
        raw_folders.write_folder(tmp_path / "raw"), ["masks"], "torn", "aerial", None
    )
    done = builder.build_records(found, tmp_path / "data")
    path, count = done.files["train"][0]
    file, whole = pathlib.Path(path), pathlib.Path(path).read_bytes()
    assert count == 8
    first = 8 + 4 + int.from_bytes(whole[:8], "little") + 4  # Bytes of the first record.
    for content, said in (
        (whole[: first + 20], r"torn-train\.tfrecord.*: record 1 is cut off or damaged"),
        (whole[:first], r": 1 record, but 8 were written; remove"),
        (None, r": missing; remove the dataset's directory"),
        (whole + whole[:first], ": 9 records, but 8 were written"),
    ):
        file.unlink() if content is None else file.write_bytes(content)
        with pytest.raises(FoiError, match=said):
            prepared_datasets.load_prepared(tmp_path / "data", "torn")
    # Damage that keeps the size shows when records are read.
    file.write_bytes(whole)
    damage(file, first + 40)
    prepared_datasets.load_prepared(tmp_path / "data", "torn")
    with pytest.raises(FoiError, match="record 1 is cut off or damaged"):
        integrity.check_records(done.files["train"])
    with pytest.raises(FoiError, match="record 1 is cut off or damaged"):
        scan.scan_records(done.directory, done.dataset)


def test_the_newest_version_is_that_of_the_largest_numbers(tmp_path):
    for version in ("2.0.0", "10.0.0", "9.10.0", "9.9.0"):
        (tmp_path / "blocks" / version).mkdir(parents=True)
        (tmp_path / "blocks" / version / "foi_dataset.json").touch()
    assert prepared_datasets.find_prepared(tmp_path)["blocks"].name == "10.0.0"


def test_prepared_datasets_are_found_by_id(blocks, tmp_path):
    assert prepared_datasets.find_prepared(blocks)["blocks"] == blocks / "blocks" / builder.VERSION
    loaded = prepared_datasets.load_task_dataset(blocks, Task("blocks", "segmentation"))
    assert len(loaded.annotated_ids("val", "segmentation")) == 5
    with pytest.raises(FoiError, match="unknown dataset 'block'; did you mean 'blocks'"):
        prepared_datasets.load_prepared(blocks, "block")
    with pytest.raises(FoiError, match="has no depth annotations"):
        prepared_datasets.load_task_dataset(blocks, Task("blocks", "depth"))
    with pytest.raises(FoiError, match="no such directory; foi-prepare makes it"):
        prepared_datasets.load_prepared(tmp_path / "none", "blocks")


def test_a_dataset_that_is_opened_often_takes_the_memory_of_one(blocks, tmp_path):
    """TFDS keeps the facts of each builder for good; a sweep opens a dataset for every link."""

    def count_facts():
        return sum(isinstance(x, tfds.core.DatasetInfo) for x in gc.get_objects())

    shutil.copytree(blocks / "blocks", tmp_path / "blocks")
    counts = []
    for _ in range(4):
        loaded = prepared_datasets.load_prepared(tmp_path, "blocks")
        loaded.files.clear()  # What a caller does to its own is no other's.
        counts.append(count_facts())
    assert loaded.directory.parent == tmp_path / "blocks" and len(set(counts)) == 1
    # Facts that changed are read again.
    path = loaded.directory / "dataset_info.json"
    path.write_text(path.read_text().replace('"12"', '"11"'))
    with pytest.raises(FoiError, match="broken"):
        prepared_datasets.load_prepared(tmp_path, "blocks")


def test_broken_rows_are_named(tmp_path):
    found = custom_dataset.find_custom_dataset(
        raw_folders.write_folder(tmp_path / "raw"), ["masks"], "torn", "aerial", None
    )
    done = builder.build_records(found, tmp_path / "data")
    (done.directory / "foi_dataset.json").write_text("{")
    with pytest.raises(FoiError, match=r"broken .* remove it and prepare anew"):
        prepared_datasets.load_prepared(tmp_path / "data", "torn")


def test_two_builders_of_one_dataset_take_turns(tmp_path, monkeypatch, capsys):
    """The second waits for the first, and finds what it made."""
    monkeypatch.setattr(lease, "POLL", 0.01)
    raw_folders.write_folder(tmp_path / "raw", train=3, val=2)
    raw = custom_dataset.find_custom_dataset(tmp_path / "raw", ["masks"], "two", "aerial", None)
    data, inside, made = tmp_path / "data", threading.Event(), []
    write = builder.shards.write_shards

    def write_slowly(*given):
        made.append(1)
        inside.set()
        time.sleep(0.3)
        return write(*given)

    monkeypatch.setattr(builder.shards, "write_shards", write_slowly)
    first = threading.Thread(target=builder.build_records, args=(raw, data))
    first.start()
    inside.wait()
    assert builder.build_records(raw, data).dataset.train == 3
    first.join()
    assert made == [1] and "waiting for another process" in capsys.readouterr().err
    assert [path.name for path in (data / "two").iterdir()] == ["1.0.0"]
