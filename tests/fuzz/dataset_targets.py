"""Lists the readers of prepared datasets and of raw folders to try."""

import pathlib

import numpy as np

from foi_tf.data.convert import builder, custom_dataset
from foi_tf.data.records import prepared_datasets, read_examples
from tests import raw_folders
from tests.fuzz.target import Target


def _prepared(names):
    def write(place):
        raw = raw_folders.write_folder(place / "raw", train=6, val=3)
        given = custom_dataset.find_custom_dataset(raw, ["masks"], "blocks", "aerial", None)
        made = builder.build_records(given, place / "data")
        return sorted(path for path in made.directory.iterdir() if path.name.startswith(names))

    return write


def _read_prepared(place):
    found = prepared_datasets.load_prepared(place / "data", "blocks")
    examples = [
        {key: np.asarray(value).tolist() for key, value in example.items()}
        for split in ("train", "val")
        for example in read_examples.read_examples(found, split)
    ]
    return found.digest, found.ids, examples


def _raw(write, suffixes):
    def make(place):
        write(place / "raw")
        return sorted(
            path for path in pathlib.Path(place / "raw").rglob("*") if path.name.endswith(suffixes)
        )

    return make


def _read_raw(form):
    def read(place):
        raw = custom_dataset.find_custom_dataset(place / "raw", [form], "mine", "aerial", None)
        for of_split in raw.splits.values():
            for entry in of_split:
                entry.load(raw.dataset)
        return repr(raw.dataset)

    return read


def _write_depth(root):
    raw_folders.write_folder(root, train=2, val=2, masks=False, boxes=False, depth=True)
    (root / "depth.json").write_text('{"unit": "meter", "range": [0.5, 80]}')


def _raw_targets():
    def folder(**keywords):
        return lambda root: raw_folders.write_folder(root, train=2, val=2, **keywords)

    small = {"train": 2, "val": 2}
    forms = [
        ("coco", folder(masks=False), (".json",)),
        ("masks", folder(), (".json", ".png", ".jpg")),
        ("voc", lambda root: raw_folders.write_voc(root, **small), (".xml", ".txt")),
        ("yolo", lambda root: raw_folders.write_yolo(root, **small, pose=True), (".yaml", ".txt")),
        ("folders", lambda root: raw_folders.write_classes(root, **small), (".jpg",)),
        ("depth", _write_depth, (".json", ".png")),
    ]
    return [
        Target(f"raw {form} {suffix}", _raw(write, suffix), _read_raw(form), weight=3)
        for form, write, suffixes in forms
        for suffix in suffixes
    ]


DATASET_TARGETS = [
    Target("prepared index and row", _prepared(("foi_",)), _read_prepared, weight=3),
    Target("prepared by TFDS", _prepared(("dataset_info", "features")), _read_prepared, weight=2),
    Target("records", _prepared(("blocks-",)), _read_prepared, True, 3),
    *_raw_targets(),
]
