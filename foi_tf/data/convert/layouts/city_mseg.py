"""Reads Cityscapes with MSeg's classes: its 19 classes of evaluation, in universal classes."""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import city
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, Layout
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.study.dataset import Dataset
from foi_tf.study.labels import mseg


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    universal = mseg.map_to_universal("cityscapes-19")
    names = {code: universal.get(name, mseg.UNLABELED) for code, name in city.IDS.items()}
    load = functools.partial(labels.load_id_mask, labels.map_codes(names, row))
    return pairs.find_pairs_of_splits(raw_dir, TRAIN_VAL, city.IMAGES, {city.LABELS: load})


LAYOUT = Layout(read=_read, files=city.LAYOUT.files, home=city.LAYOUT.home, terms=city.LAYOUT.terms)
