"""Places that cannot be written, full disks and damaged records: one line, nothing half-written."""

import resource
import subprocess

import pytest

from foi_tf.bin import prepare, target
from tests import raw_folders
from tests.bin.conftest import error, in_process


@pytest.mark.parametrize("program", ["target", "prepare"])
def test_an_unwritable_place(call, flags, tmp_path, program):
    # A file where a directory is wanted stops root as well.
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    if program == "target":
        flags = flags | {"workdir": place}
        outcome = call(target, **flags, source="scratch", target="blocks:segmentation")
    else:
        raw = raw_folders.write_folder(tmp_path / "raw")
        outcome = call(
            prepare, format="masks", raw_dir=raw, name="mine", domain="aerial", data_dir=place
        )
    assert "cannot be written (Not a directory)" in error(outcome)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "size"), [("target", 20_000), ("prepare", 50_000)])
def test_a_full_disk(flags, tmp_path, program, size):
    """No file may grow beyond `size` bytes in the program's process, as on a full disk."""
    given = flags | {"source": "scratch", "target": "blocks:segmentation"}
    if program == "prepare":
        raw = raw_folders.write_folder(tmp_path / "raw", train=60)
        given = {"format": "masks", "raw_dir": raw, "name": "mine", "domain": "aerial"}
        given["data_dir"] = tmp_path / "data"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    done = subprocess.run(
        in_process(program, given), capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert done.returncode == 1, done.stderr
    assert "error: " in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("foi_dataset.json")) + list(tmp_path.rglob("link.json"))


@pytest.mark.slow
def test_damaged_records_are_one_line(call, flags, tmp_path):
    raw = raw_folders.write_folder(tmp_path / "raw")
    given = {"format": "masks", "raw_dir": raw, "name": "torn", "domain": "aerial"}
    assert call(prepare, **given, data_dir=tmp_path / "data")[0] == 0
    (file,) = (tmp_path / "data/torn/1.0.0").glob("torn-train.tfrecord*")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    flags = flags | {"data_dir": tmp_path / "data", "source": "scratch"}
    commands = (
        lambda: call(prepare, describe="torn", data_dir=tmp_path / "data"),
        lambda: call(prepare, overlap="torn,torn", data_dir=tmp_path / "data"),
        lambda: call(target, **flags, target="torn:segmentation"),
    )
    for command in commands:
        code, _, err = command()
        last = err.strip().splitlines()[-1]
        assert code == 1 and "Traceback" not in err
        assert "torn-train.tfrecord-00000-of-00001: record " in last
        assert "is cut off or damaged" in last and "prepare it anew" in last
    file.write_bytes(content[: len(content) // 2])
    said = error(call(prepare, describe="torn", data_dir=tmp_path / "data"))
    assert "torn-train.tfrecord-00000-of-00001: record " in said
