"""Writes a tiny tree of ILSVRC'12: an archive of archives to train, and an archive to validate."""

import io
import tarfile

from tests.data.convert.layouts import drawing

_TRAIN, _VAL = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
_SYNSETS = {"n01440764": ("18", "36"), "n15075141": ("54",)}  # The first and the last one.
_IMAGES = {
    "n01440764_18": 0, "n01440764_36": 0, "n15075141_54": 999,
    # By the publisher's devkit (ILSVRC2012_validation_ground_truth.txt and meta.mat) the
    # first three validation images are a sea snake, an alp and a Shetland sheepdog.
    "ILSVRC2012_val_00000001": 65, "ILSVRC2012_val_00000002": 970,
    "ILSVRC2012_val_00000003": 230,
}  # fmt: skip


def write(root):
    root.mkdir(parents=True, exist_ok=True)
    with tarfile.open(root / _TRAIN, "w") as archive:
        for synset, numbers in _SYNSETS.items():
            names = [f"{synset}_{number}.JPEG" for number in numbers]
            _add(archive, f"{synset}.tar", _archive(root, names))
    val = [f"{name}.JPEG" for name in _IMAGES if "val" in name]
    (root / _VAL).write_bytes(_archive(root, reversed(val)))
    return {
        split: {name: {"label": label} for name, label in _IMAGES.items()
                if ("val" in name) == (split == "val")}
        for split in ("train", "val")
    }  # fmt: skip


def unpacked(root):
    """Writes the same images as folders: train/SYNSET, and val/ as in its archive."""
    for name in _IMAGES:
        folder = "val" if "val" in name else f"train/{name.split('_')[0]}"
        drawing.photo(root / folder / f"{name}.JPEG")


def _add(archive, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _archive(root, names):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for seed, name in enumerate(names):
            picture = root / "picture.jpg"
            drawing.photo(picture, seed=seed)
            _add(archive, name, picture.read_bytes())
            picture.unlink()
    return buffer.getvalue()


def _rewrite(root, synset, names):
    with tarfile.open(root / _TRAIN, "w") as archive:
        _add(archive, f"{synset}.tar", _archive(root, names))


def _folder(root):
    with tarfile.open(root / _TRAIN, "w") as archive:
        member = tarfile.TarInfo("n01440764")
        member.type = tarfile.DIRTYPE
        archive.addfile(member)


def _no_image(root):
    with tarfile.open(root / _VAL, "w") as archive:
        _add(archive, "ILSVRC2012_val_00000009.JPEG", b"none")


SPOILS = {
    r"img_train\.tar: n00000000 is not among the 1000 synsets": lambda root: _rewrite(
        root, "n00000000", ["n00000000_1.JPEG"]
    ),
    r"img_train\.tar: n01440764 is not the archive of a synset": _folder,
    r"img_train\.tar: not a whole tar archive": lambda root: (root / _TRAIN).write_bytes(
        b"x" * 2000
    ),
    r"img_val\.tar: dog\.JPEG is not a validation image": lambda root: (root / _VAL).write_bytes(
        _archive(root, ["dog.JPEG"])
    ),
    r"img_val\.tar: holds no image": lambda root: (root / _VAL).write_bytes(_archive(root, [])),
    r"img_val\.tar/ILSVRC2012_val_00000009\.JPEG: not a whole image": _no_image,
    r"img_val\.tar: no such file": lambda root: (root / _VAL).unlink(),
}
