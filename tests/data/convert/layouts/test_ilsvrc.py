"""Tests the archives and folders of ILSVRC'12; `test_layouts` tests what all layouts share."""

import io
import tarfile

import numpy as np
import PIL.Image
import pytest

from foi_tf.data.convert import inventory, layouts
from foi_tf.errors import FoiError
from tests.data.convert.layouts import drawing, ilsvrc


def labels(root):
    folder = layouts.find_published_dataset("ilsvrc", root)
    return {
        split: {example["id"]: {"label": example["label"]} for example, _ in folder.examples(split)}
        for split in ("train", "val")
    }


def test_unpacked_folders_give_what_the_archives_give(tmp_path):
    expected = ilsvrc.write(tmp_path / "archives")
    ilsvrc.unpacked(tmp_path / "folders")
    assert labels(tmp_path / "folders") == labels(tmp_path / "archives") == expected
    train, val, *_ = inventory.inspect_published("ilsvrc", tmp_path / "folders").parts
    assert (train.found, train.expected) == (len(expected["train"]), 1_281_167)
    assert (val.found, val.expected) == (len(expected["val"]), 50_000)


def test_validation_images_may_be_in_folders_of_synsets(tmp_path):
    ilsvrc.unpacked(tmp_path)
    drawing.photo(tmp_path / "val/n02099601/ILSVRC2012_val_00000004.JPEG")
    assert labels(tmp_path)["val"]["ILSVRC2012_val_00000004"] == {"label": 207}
    drawing.photo(tmp_path / "val/dogs/ILSVRC2012_val_00000005.JPEG")
    with pytest.raises(FoiError, match="val: dogs is not among the 1000 synsets"):
        labels(tmp_path)


def test_images_are_read_at_their_offset_in_an_archive(tmp_path):
    ilsvrc.write(tmp_path)
    pixels = {}
    with tarfile.open(tmp_path / "ILSVRC2012_img_train.tar") as archive:
        for synset in archive:
            with tarfile.open(fileobj=archive.extractfile(synset)) as images:
                for image in images:
                    name = image.name.removesuffix(".JPEG")
                    pixels[name] = images.extractfile(image).read()
    found = layouts.find_published_dataset("ilsvrc", tmp_path).examples("train")
    assert {example["id"]: example["image"] for example, _ in found} == pixels


def test_entries_are_a_sequence(tmp_path):
    ilsvrc.write(tmp_path)
    entries = layouts.find_published_dataset("ilsvrc", tmp_path).splits["train"]
    assert [entry.id for entry in entries[1:]] == [entry.id for entry in entries][1:]
    assert entries[-1].id == "n15075141_54" and len(entries[:2]) == 2


def test_cmyk_images_become_rgb(tmp_path):
    """Some twenty images of the training archive are CMYK, which TensorFlow cannot decode."""
    ilsvrc.unpacked(tmp_path)
    inks = np.zeros((6, 8, 4), np.uint8)
    inks[..., 0] = 255
    picture = PIL.Image.fromarray(inks, "CMYK")
    picture.save(tmp_path / "train/n01440764/n01440764_18.JPEG")
    first, _ = next(layouts.find_published_dataset("ilsvrc", tmp_path).examples("train"))
    decoded = PIL.Image.open(io.BytesIO(first["image"]))
    assert first["id"] == "n01440764_18" and decoded.mode == "RGB"
    assert np.abs(np.asarray(decoded, int) - (0, 255, 255)).max() < 8
