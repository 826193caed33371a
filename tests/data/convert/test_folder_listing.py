"""Tests which files of a folder are listed, and how text is decoded."""

import pytest

from foi_tf.data.convert import folder_listing, text_files
from foi_tf.errors import FoiError
from tests.raw_folders import write_text


def test_hidden_files_and_folders_of_systems_are_not_listed(tmp_path):
    seen, hidden = ["a/b.jpg", "c.jpg"], ["._c.jpg", ".x/d.jpg", "__MACOSX/e.jpg", "a/@eaDir/f.jpg"]
    for name in seen + hidden:
        write_text(tmp_path / name, "")
    assert folder_listing.list_names(tmp_path) == seen
    assert folder_listing.list_hidden_names(tmp_path) == hidden
    assert folder_listing.list_files(tmp_path / "a") == [tmp_path / "a/b.jpg"]
    assert folder_listing.list_names(tmp_path / "none") == []


def test_links_are_followed_but_not_in_circles(tmp_path):
    write_text(tmp_path / "far/a.jpg", "")
    (tmp_path / "raw/images").mkdir(parents=True)
    (tmp_path / "raw/images/near").symlink_to(tmp_path / "far")
    (tmp_path / "raw/images/loop").symlink_to(tmp_path / "raw")
    assert folder_listing.list_names(tmp_path / "raw") == ["images/near/a.jpg"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    scan = folder_listing.os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(FoiError, match=r"closed: cannot be listed \(Permission denied\).*chmod"):
        folder_listing.list_names(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_a_byte_order_mark_is_read(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("caf\u00e9\n".encode(encoding))
    assert text_files.read_text(tmp_path / "a.txt") == "caf\u00e9\n"


def test_text_of_another_encoding_is_named_by_line(tmp_path):
    (tmp_path / "a.txt").write_bytes("cat\ncaf\u00e9\n".encode("cp1252"))
    with pytest.raises(FoiError, match=r"a\.txt: line 2 is not text in UTF-8; .*iconv"):
        text_files.read_text(tmp_path / "a.txt")
