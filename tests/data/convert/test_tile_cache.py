"""Tests tiles of compressed images: each image is decoded once, in any order of records."""

import collections
import dataclasses

import numpy as np
import pytest

from foi_tf.data.convert import builder, image_files, layouts, shards, tile_cache, windows
from foi_tf.errors import FoiError
from tests.data.convert.layouts import drawing, isaid

IMAGES = 4  # Images of four tiles each.


@pytest.fixture(name="folder")
def _folder(tmp_path):
    root = tmp_path / "raw"
    isaid.write(root)
    for number in range(10, 10 + IMAGES - 1):
        stem = root / f"train/images/P00{number}"
        drawing.photo(stem.with_suffix(".png"), isaid.LARGE)
        label = np.zeros((*isaid.LARGE, 3), np.uint8)
        drawing.save(stem.with_name(f"{stem.name}_instance_color_RGB.png"), label)
    windows._decode.cache_clear()
    return layouts.find_published_dataset("isaid", root)


@pytest.fixture(name="decoded")
def _decoded(monkeypatch):
    """Counts how often each file is decoded whole for its tiles."""
    counts, read = collections.Counter(), image_files.read_colors

    def counted(path):
        counts[path.name] += 1
        return read(path)

    monkeypatch.setattr(image_files, "read_colors", counted)
    return counts


def records(prepared):
    return {path.name: path.read_bytes() for path in prepared.directory.glob("*tfrecord*")}


@pytest.mark.slow
def test_each_image_is_decoded_once_and_records_are_the_same(folder, decoded, tmp_path):
    ahead = builder.build_records(folder, tmp_path / "ahead")
    of_tiles = {name: n for name, n in decoded.items() if not name.startswith(("P0003", "P0005"))}
    assert len(of_tiles) == 2 * IMAGES and set(of_tiles.values()) == {1}
    alone = {
        split: [dataclasses.replace(entry, part_of=None) for entry in entries]
        for split, entries in folder.splits.items()
    }
    plain = builder.build_records(dataclasses.replace(folder, splits=alone), tmp_path / "plain")
    assert records(ahead) == records(plain) and len(ahead.ids["train"]) == 4 * IMAGES + 1
    # Without the cache, most tiles decode their image once more.
    assert sum(decoded.values()) > 4 * sum(of_tiles.values())
    assert not [path for path in ahead.directory.iterdir() if path.is_dir()]


@pytest.mark.slow
def test_finished_tiles_are_kept_for_the_next_run(folder, decoded, tmp_path):
    groups = tile_cache.group_by_file(shards.sort_entries("train", folder.splits["train"]))
    *others, last = [group[0].path for group in groups if len(group) > 1]
    bad = last.with_name(f"{last.stem}_instance_color_RGB.png")
    whole, label = bad.read_bytes(), np.zeros((*isaid.LARGE, 3), np.uint8)
    label[810:] = 9  # In the lower tiles.
    drawing.save(bad, label)
    with pytest.raises(FoiError, match="color"):
        builder.build_records(folder, tmp_path / "data")
    assert len(others) == IMAGES - 1 and all(decoded[path.name] == 1 for path in others)
    bad.write_bytes(whole)
    windows._decode.cache_clear()
    done = builder.build_records(folder, tmp_path / "data")
    assert all(decoded[path.name] == 1 for path in others) and decoded[last.name] == 2
    windows._decode.cache_clear()
    assert records(done) == records(builder.build_records(folder, tmp_path / "fresh"))


def test_tiles_of_a_file_are_grouped(folder):
    groups = tile_cache.group_by_file(folder.splits["train"][::-1])
    assert sorted(map(len, groups)) == [1, *[4] * IMAGES]
    assert all(len({entry.path for entry in group}) == 1 for group in groups)
