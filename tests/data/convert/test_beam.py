"""Tests that Apache Beam, where it is installed, writes the same records as one process."""

import sys

import pytest
import tensorflow_datasets as tfds

from foi_tf.data.convert import beam, builder, custom_dataset
from foi_tf.errors import FoiError
from tests import raw_folders


def find(root):
    return custom_dataset.find_custom_dataset(root, ["coco", "masks"], "mine", "aerial", None)


@pytest.mark.slow
def test_beam_writes_the_same_records(tmp_path):
    pytest.importorskip("apache_beam", reason="needs Apache Beam: pip install 'foi_tf[beam]'")
    found = find(raw_folders.write_folder(tmp_path / "raw", train=40, val=5))
    alone = builder.build_records(found, tmp_path / "one")
    by_beam = builder.build_records(found, tmp_path / "beam", beam_runner="DirectRunner")
    assert by_beam.fingerprint == alone.fingerprint and by_beam.ids == alone.ids
    assert by_beam.dataset == alone.dataset
    stored = tfds.builder_from_directory(str(by_beam.directory)).as_dataset("train")
    assert len(list(stored)) == 40


def test_what_stops_beam_is_one_line(tmp_path):
    pytest.importorskip("apache_beam", reason="needs Apache Beam: pip install 'foi_tf[beam]'")
    root = raw_folders.write_folder(tmp_path / "raw")
    with pytest.raises(FoiError, match="NoRunner"):
        builder.build_records(find(root), tmp_path / "data", beam_runner="NoRunner")
    (root / "images/val/001.jpg").write_bytes(b"no image")
    with pytest.raises(FoiError, match=r"val/001\.jpg: not a whole .* replace or remove it$"):
        builder.build_records(find(root), tmp_path / "data", beam_runner="DirectRunner")


def test_without_beam_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    found = find(raw_folders.write_folder(tmp_path / "raw"))
    with pytest.raises(FoiError, match=r"--beam_runner needs Apache Beam.*foi_tf\[beam\]"):
        builder.build_records(found, tmp_path / "data", beam_runner="DirectRunner")


def test_errors_within_a_runners_own_are_found():
    error = RuntimeError("Pipeline failed:\nfoi_tf.errors.FoiError: a.jpg: bad [while running 'M']")
    assert str(beam._simplify_error(error, "FlinkRunner")) == "a.jpg: bad"
    assert (
        str(beam._simplify_error(RuntimeError("lost\nworker"), "FlinkRunner"))
        == "FlinkRunner: lost"
    )
