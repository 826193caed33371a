import errno
import os
import pathlib

import pytest
from etils import epath

from foi_tf import files
from foi_tf.errors import FoiError, unknown_name_error


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "er" / "a.txt"
    files.write_text(path, "one")
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), files.atomic_write(path) as temporary:
        temporary.write_text("half of tw")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_temporary_files_keep_the_suffix(tmp_path):
    with files.atomic_write(tmp_path / "a.png") as temporary:
        assert temporary.suffix == ".png"
        temporary.write_text("")


def test_a_full_disk_is_one_line(tmp_path):
    said = r"a\.txt: cannot be written \(No space left on device\)"
    with pytest.raises(FoiError, match=said), files.atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_unknown_names_come_with_the_nearest():
    assert str(unknown_name_error("dataset", "cocoo", ["coco", "city"])) == (
        "unknown dataset 'cocoo'; did you mean 'coco'?"
    )
    assert str(unknown_name_error("dataset", "zzz", ["b", "a"], where="d")) == (
        "d: unknown dataset 'zzz'; known: a, b"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{{function_node f}} /a" + "/b" * 200 + "; No space left on device [Op:SaveV2]",
            "No space",
        ),
        (
            "Graph execution error:\n\nDetected at node D defined at (most recent call last):\n"
            "  File x\n\nInvalid PNG data, size 10906\n\t [[{{node D}}]] [Op:__inference_f_6]",
            "Invalid PNG data, size 10906",
        ),
        ("Input/output error " + "x" * 300 + "\nmore", "Input/output error"),
        ("x" * 150 + "Input/output error" + "x" * 150, "Input/output error"),
    ],
)
def test_the_cause_is_seen_in_long_messages(text, said):
    described = files.describe_error(RuntimeError(text))
    assert said in described and len(described) < 260 and "{{" not in described
    assert "\n" not in described


def test_errors_without_a_text_are_named():
    assert files.describe_error(MemoryError()) == "MemoryError"
    assert files.describe_error(OSError(errno.EIO, "?")) == "Input/output error"


def test_the_home_directory_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    given = ["~/a", "b~", pathlib.Path("~/c"), epath.Path("~"), 1, None]
    assert files.expand_home(given) == [
        "/home/me/a", "b~", pathlib.Path("/home/me/c"), epath.Path("/home/me"), 1, None,
    ]  # fmt: skip
    with pytest.raises(FoiError, match=r"~nobody_of_that_name/x: there is no such home directory"):
        files.expand_home("~nobody_of_that_name/x")
