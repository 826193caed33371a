"""foi-plan with flags or data that cannot be planned."""

import shutil

import pytest

from foi_tf.bin import plan, prepare, target
from tests import raw_folders
from tests.bin.conftest import error, misuse


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"targets": "camvit:segmentation"}, "did you mean 'camvid:segmentation'"),
        ({"sources": "camvid:depth"}, "unknown source of this setting 'camvid:depth'"),
        ({"subset": "camvid"}, "must be written dataset:type"),
        ({"subset": "camvid:segmentation", "data_dir": "/none"}, "/none: no such directory"),
        ({"collection": "own", "data_dir": "/none"}, "/none: no such directory"),
        ({"results": "/none"}, "/none: no such directory"),
        ({"init": "."}, "no finished link there"),
        ({"config": "papre"}, "unknown configuration 'papre'; did you mean 'paper'"),
    ],
)  # fmt: skip
def test_unknown_names_are_one_line(call, flags, said):
    assert said in error(call(plan, **flags))


@pytest.mark.parametrize(
    "flags",
    [
        {"count": "true", "cost": "true"},
        {"collection": "table3", "setting": "small"},
        {"collection": "table3", "pairs": "all"},
        {"collection": "table3", "scenario": "resnet50"},
        {"collection": "table3", "subset": "nyuv2:depth"},
        {"coverage": "true"},
        {"quick_test": "true"},
        {"quick_test": "true", "results": "r", "subset": "camvid:segmentation"},
        {"quick_test": "true", "results": "r", "setting": "small_source"},
        {"count": "true", "baselines": "true"},
        {"seeds": "0,0"},
        {"seeds": "-1"},
        {"setting": "tiny"},
        {"seed": "1"},
        {"crop": "713"},
        {"crop": "0,713"},
        {"init": "scratch"},
        {"scenario": "self_supervised"},
        {"scenario": "resnet50", "backbone": "hrnet_w18"},
        {"scenario": "fixed_size", "pairs": "all"},
        {"scenario": "fixed_size", "subset": "camvid:segmentation"},
    ],
)
def test_flags_must_agree(call, flags):
    misuse(call(plan, **flags))


def test_two_datasets_with_one_id(call, blocks, tmp_path):
    """A copied folder, and own data with the name of one of the paper's datasets."""
    data = tmp_path / "data"
    shutil.copytree(blocks / "blocks", data / "blocks")
    shutil.copytree(blocks / "blocks", data / "copies")
    said = error(call(plan, collection="own", data_dir=data, config="own"))
    assert "copies/1.0.0: " in said and "'blocks'" in said and "--name=copies" in said
    (tmp_path / "c.yaml").write_text("{}")
    train = {"workdir": tmp_path / "work", "config": tmp_path / "c.yaml", "source": "scratch"}
    said = error(call(target, data_dir=data, target="copies:segmentation", **train))
    assert "copies/1.0.0: " in said and "--name=copies" in said
    raw = raw_folders.write_folder(tmp_path / "raw")
    given = {"format": "masks", "raw_dir": raw, "domain": "aerial", "data_dir": data}
    said = error(call(prepare, **given, name="camvid"))
    assert "name 'camvid' is the id of one of the paper's datasets" in said
    # And another dataset where one of that id stands already.
    said = error(call(prepare, **given | {"domain": "indoor"}, name="blocks"))
    assert "already holds another dataset 'blocks'" in said
