import os
import pickle
import zipfile

import numpy as np
import pytest
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.models.weights import tensor_files
from tests.models.weights import torch_files

WRITERS = {"zip": torch_files.write_zip, "old": torch_files.write_old}
every_format = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def refused(path):
    with pytest.raises(FoiError) as raised:
        tensor_files.open_tensors(path)
    said = str(raised.value)
    assert said.startswith(f"{path}: ") and "\n" not in said
    return said


@every_format
@pytest.mark.parametrize("nested", [False, True])
def test_tensors_come_as_they_were(write, nested, tmp_path):
    arrays = torch_files.some_arrays()
    content = torch_files.state_dict(arrays, "module.")
    if nested:
        content = torch_files.mapping({"epoch": 3, "lr": 0.1, "state_dict": content})
    found = tensor_files.open_tensors(write(tmp_path / "x.pth", content, arrays))
    assert found.shapes == {f"module.{n}": a.shape for n, a in arrays.items()}
    for name, array in arrays.items():
        read = found.read(f"module.{name}")
        assert read.dtype == array.dtype and np.array_equal(read, array)


def test_views_share_a_storage(tmp_path):
    """Reads a transposed tensor and a part of it, which PyTorch saves as views."""
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    content = torch_files.mapping({
        "all": torch_files.tensor("0", array, shape=(4, 3), strides=(1, 4)),
        "part": torch_files.tensor("0", array, offset=5, shape=(2, 2), strides=(4, 1)),
    })  # fmt: skip
    found = tensor_files.open_tensors(
        torch_files.write_zip(tmp_path / "x.pt", content, {"a": array})
    )
    assert np.array_equal(found.read("all"), array.T)
    assert np.array_equal(found.read("part"), [[5, 6], [9, 10]])


class Malicious:
    """Names a function that unpickling would call."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("place", ["zip", "first of old", "state dict of old", "in a state dict"])
def test_a_malicious_pickle_runs_nothing(place, protocol, tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "x.pth"
    payload = pickle.dumps(Malicious(victim), protocol=protocol)
    if place == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", payload)
    elif place == "first of old":
        path.write_bytes(payload)
    elif place == "state dict of old":
        torch_files.write_old(path, b"", {})
        start = [pickle.dumps(x, protocol=2) for x in (torch_files.MAGIC, torch_files.PROTOCOL, {})]
        path.write_bytes(b"".join([*start, payload]))
    else:
        arrays = torch_files.some_arrays()
        hidden = payload.removesuffix(b".")
        hidden = hidden[2:] if protocol == 2 else hidden
        content = torch_files.mapping({"state_dict": torch_files.state_dict(arrays), "x": hidden})
        torch_files.write_zip(path, content, arrays)
    said = refused(path)
    assert not victim.exists()
    assert "posix.system, which is not part of a state dict; no code was run" in said
    pickle.loads(payload)  # The payload would have worked.
    assert victim.exists()


@pytest.mark.parametrize(
    "content",
    [
        # Attributes set on what is called, by the opcode for state: a dict, and slots.
        torch_files.named("torch._utils", "_rebuild_tensor_v2")
        + torch_files.value({"x": 1})
        + b"b",
        torch_files.named("torch._utils", "_rebuild_tensor_v2")
        + b"N"
        + torch_files.value({"x": 1})
        + b"\x86b",
        torch_files.named("collections", "OrderedDict")
        + b"N"
        + torch_files.value({"keys": 1})
        + b"\x86b",
        torch_files.named("torch", "FloatStorage") + b")R",
        torch_files.value((1, 2)) + b"Q",
        torch_files.value(("storage", "NoStorage", "0", "cpu", 1)) + b"Q",
        b"R",
    ],
)
def test_odd_programs_are_refused(content, tmp_path):
    said = refused(torch_files.write_zip(tmp_path / "x.bin", content, {}))
    assert "not a whole file of torch.save" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 1000},
        {"shape": (5, 4)},
        {"offset": 1},
        {"strides": (-4, 1)},
        {"shape": (3,)},
        {"shape": (3, 10**12)},
    ],
)
def test_tensors_beyond_their_numbers_are_refused(changes, tmp_path):
    array = np.zeros((3, 4), np.float32)
    content = torch_files.mapping({"x": torch_files.tensor("0", array, **changes)})
    assert "not a whole file" in refused(
        torch_files.write_zip(tmp_path / "x.pth", content, {"x": array})
    )


@every_format
@pytest.mark.parametrize("share", [0.0, 0.05, 0.4, 0.9, 0.999])
def test_truncated_files_are_refused(write, share, tmp_path):
    arrays = torch_files.some_arrays()
    path = write(tmp_path / "x.pth", torch_files.state_dict(arrays), arrays)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "fetch it again" in refused(path)


def test_other_files_are_refused(tmp_path):
    arrays = torch_files.some_arrays()
    path = tmp_path / "x.pth"
    torch_files.write_zip(path, torch_files.state_dict(arrays), arrays, zipfile.ZIP_DEFLATED)
    assert "compressed" in refused(path)
    torch_files.write_zip(path, torch_files.mapping({"epoch": 3}), {})
    assert "no state dict" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "an archive without data.pkl" in refused(path)
    path.write_bytes(b"a text that is long enough for a header\n")
    assert "not a whole file" in refused(path)
    path.rename(tmp_path / "x.safetensors")
    assert "not a whole .safetensors file" in refused(tmp_path / "x.safetensors")
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "git lfs pull" in refused(path)
    assert "is a directory" in refused(epath.Path(tmp_path))
    (tmp_path / "x.h5").write_text("")
    assert "known: .safetensors, .pth" in refused(tmp_path / "x.h5")
    assert "no such file" in refused(epath.Path(tmp_path / "none.pth"))


def one_tensor(path, write=torch_files.write_zip):
    array = np.arange(12, dtype=np.float32)
    content = torch_files.mapping({"x": torch_files.tensor("0", array)})
    return write(path, content, {"x": array})


def test_a_directory_that_claims_more_than_there_is_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    array = np.arange(12, dtype=np.float32)
    content = torch_files.mapping({"x": torch_files.tensor("0", array, count=2**28)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", torch_files.program(content))
        archive.writestr("archive/data/0", array.tobytes())
        archive.infolist()[-1].file_size = 2**30
    assert "cut short" in refused(path)


def test_a_flipped_bit_is_told_by_the_checksum(tmp_path):
    path = one_tensor(tmp_path / "x.pth")
    data = bytearray(path.read_bytes())
    data[data.find(np.arange(12, dtype=np.float32).tobytes()) + 7] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(FoiError, match=r"x\.pth: x is damaged \(its checksum is another\)"):
        tensor_files.open_tensors(path).read("x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Nr\x00\x00\x00\x20", "no state dict"),  # A memo of half a billion places.
        (b"(" * 5000, "nested too deep"),
        (b")" + b"\x85" * 300_000, "more instructions"),
        (b"\x8d" + (2**40).to_bytes(8, "little") + b"abc", "cut short"),
        # A key that takes 2 ** 40 steps to hash.
        (b"})" + b"q\x00h\x00\x86" * 40 + b"Ns", "a key that is no text"),
    ],
)
def test_programs_without_limit_are_refused_at_once(content, said, tmp_path):
    assert said in refused(torch_files.write_zip(tmp_path / "x.pth", content, {}))
    assert said in refused(torch_files.write_old(tmp_path / "y.pth", content, {}))


def test_views_that_repeat_numbers_are_refused(tmp_path):
    array = np.zeros(4, np.float32)
    content = torch_files.mapping(
        {"x": torch_files.tensor("0", array, shape=(2**33,), strides=(0,))}
    )
    found = tensor_files.open_tensors(
        torch_files.write_zip(tmp_path / "x.pth", content, {"x": array})
    )
    with pytest.raises(FoiError, match="larger than its storage"):
        found.read("x")
