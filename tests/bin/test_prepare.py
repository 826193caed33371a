"""foi-prepare as a user meets it."""

import json

import numpy as np
import pytest

from foi_tf.bin import prepare
from tests import raw_folders
from tests.bin.conftest import error, misuse
from tests.data.convert.layouts import camvid, nyuv2


def test_publishers_folders_are_prepared(call, tmp_path):
    camvid.write(tmp_path / "raw")
    given = {"dataset": "camvid", "raw_dir": tmp_path / "raw", "data_dir": tmp_path / "data"}
    code, out, _ = call(prepare, **given)
    assert code == 0 and out.split("\t")[:3] == ["camvid", "3", "2"]
    assert call(prepare, **given, collection="paper") == (0, out, "")
    assert "did you mean 'camvid'" in error(call(prepare, **given | {"dataset": "camvd"}))
    for wrong in (
        {"dataset": ""}, {"dataset": "camvid,city"}, {"name": "mine"}, {"collection": "mini"},
        {"val_fraction": 0.0},
        {"format": "masks", "name": "mine", "domain": "driving"},
    ):  # fmt: skip
        assert call(prepare, **given | wrong)[0] == 2, wrong


def test_tasks_of_table_3_are_prepared_and_checked(call, tmp_path):
    nyuv2.write(tmp_path / "raw")
    given = {"dataset": "nyuv2", "raw_dir": tmp_path / "raw"}
    code, out, _ = call(prepare, **given, data_dir=tmp_path / "data")
    assert code == 0 and out.split("\t")[:3] == ["nyuv2", "3", "2"]
    code, out, _ = call(prepare, **given, check="true")
    assert code == 0 and "ok\ttrain\t-\t3\tdepth (about 795)" in out
    own = {"format": "masks", "raw_dir": tmp_path / "raw", "name": "nyuv2", "domain": "indoor"}
    assert "name 'nyuv2' is the id of one of the paper's datasets (NYU Depth v2)" in error(
        call(prepare, **own, data_dir=tmp_path / "data")
    )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: (r / "masks").rename(r / "labels"), "masks: no such directory"),
        (lambda r: (r / "images/train/001.jpg").write_bytes(b"\xff\xd8"),
         "train/001.jpg: not a whole"),
        (lambda r: raw_folders.save_image(r / "masks/val/001.png", np.zeros((9, 9), "u1")),
         "val/001.jpg: mask is 9x9, but its image is 48x64"),
        (lambda r: raw_folders.save_image(r / "masks/val/001.png", np.full((48, 64), 7, "u1")),
         "val/001.jpg: label 7, but mine:segmentation has 3 classes"),
    ],
)  # fmt: skip
def test_bad_raw_data_prepares_nothing(call, tmp_path, spoil, said):
    raw, data = raw_folders.write_folder(tmp_path / "raw"), tmp_path / "data"
    spoil(raw)
    outcome = call(
        prepare, format="masks", raw_dir=raw, name="mine", domain="aerial", data_dir=data
    )
    code, out, err = outcome
    assert code == 1 and not out
    assert said in err.strip().splitlines()[-1]
    assert "Traceback" not in err
    # Shards that were finished before wait for the next run.
    left = [path.name for path in data.rglob("*") if path.is_file()]
    assert all(name.startswith("mine-train.tfrecord-00000-of-00001") for name in left)


def test_prepare_says_what_it_made(call, tmp_path):
    raw = raw_folders.write_folder(tmp_path / "raw")
    flags = {"format": "masks,coco", "raw_dir": raw, "name": "mine", "domain": "aerial"}
    code, out, _ = call(prepare, **flags, data_dir=tmp_path / "data")
    assert code == 0
    assert out.split("\t")[:3] == ["mine", "8", "4"]
    again = call(prepare, **flags, data_dir=tmp_path / "data")
    assert again[:2] == (0, out)


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"collection": "mini", "format": "masks"},
        {"format": "masks"},
        {"collection": "mini", "name": "x"},
        {"format": "masks", "raw_dir": "r", "name": "n", "domain": "aerial", "dataset": "x"},
        {"format": "masks", "raw_dir": "r", "name": "n", "domain": "air"},
        {"format": "masks", "raw_dir": "r", "name": "n", "domain": "aerial", "val_fraction": "2"},
        {"dataset": "camvid", "raw_dir": "r", "val_fraction": 0},
        {"collection": "mini", "describe": "x"},
        {"describe": "x", "overlap": "x,y"},
        {"overlap": "x"},
        {"check": True, "format": "masks", "raw_dir": "r"},
        {"collection": "mini", "out": "o"},
        {"collection": "mini", "beam_options": "region=x"},
        {"describe": "x", "beam_runner": "DirectRunner"},
        {"collection": "mini", "workers": 0},
        {"collection": "mini", "beam_runner": "DirectRunner", "workers": 2},
        {"describe": "x", "workers": 2},
        {"overlap": "x,y", "workers": 2},
    ],
)
def test_flags_of_prepare_must_agree(call, flags, tmp_path):
    misuse(call(prepare, **flags, data_dir=tmp_path))


def test_checking_takes_no_workers(call):
    given = {"check": "true", "format": "masks", "raw_dir": "r", "workers": 2}
    assert "--workers is only for preparing a dataset" in misuse(call(prepare, **given))


def test_a_raw_folder_is_checked_and_nothing_written(call, tmp_path):
    raw = raw_folders.write_folder(tmp_path / "raw")
    code, out, _ = call(prepare, check=True, format="masks,coco", raw_dir=raw)
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert ["ok", "train", "-", "8", "images"] in lines
    assert ["ok", "val", "-", "4", "segmentation"] in lines
    (raw / "masks/val/001.png").write_bytes(b"")
    code, out, err = call(prepare, check=True, format="masks,coco", raw_dir=raw)
    assert code == 1 and "errors: 1" in err.strip().splitlines()[-1]
    (wrong,) = [line for line in out.splitlines() if line.startswith("wrong\t")]
    assert "masks/val/001.png: not a whole image" in wrong
    code, out, err = call(prepare, check=True, dataset="camvid", raw_dir=raw)
    assert code == 1 and "missing\tall\t701\t0\t701_StillsRaw_full/*.png" in out.splitlines()
    assert any(line.startswith("home\thttp") for line in out.splitlines())
    assert any(line.startswith("terms\t") for line in out.splitlines())
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.slow
def test_prepared_datasets_are_looked_at(call, blocks, tmp_path):
    code, out, _ = call(prepare, describe="blocks", data_dir=blocks, out=tmp_path)
    told = json.loads(out)
    assert code == 0 and told["train"]["images"] == 12
    assert told["sheet"] == str(tmp_path / "blocks.png") and (tmp_path / "blocks.png").exists()
    code, out, _ = call(prepare, overlap="blocks,blocks", data_dir=blocks, out=tmp_path)
    assert code == 0 and json.loads(out)["exact"] == 0
    assert (tmp_path / "blocks_blocks.csv").read_text().startswith("a_split,a_id,")
    said = error(call(prepare, describe="block", data_dir=blocks))
    assert "unknown dataset 'block'; did you mean 'blocks'?" in said


@pytest.mark.slow
def test_the_rendered_collection_is_prepared_by_name(call, tmp_path):
    code, out, _ = call(prepare, collection="mini", dataset="kitti", data_dir=tmp_path)
    assert code == 0 and out.startswith("kitti\t60\t100\t")
    code, _, err = call(prepare, collection="mini", dataset="kiti", data_dir=tmp_path)
    assert code == 1 and "did you mean 'kitti'" in err
