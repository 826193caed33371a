"""Reads BDD's 10K images with MSeg's classes: the masks of `bdd`, in universal classes."""

import functools

from etils import epath

from foi_tf.data.convert.entry import FileEntry
from foi_tf.data.convert.layouts import bdd
from foi_tf.data.convert.layouts.layout import TRAIN_VAL, Layout, expect_files
from foi_tf.data.convert.readers import labels, pairs
from foi_tf.study.dataset import SEGMENTATION, Dataset
from foi_tf.study.labels import NAMES, mseg


def _read(raw_dir: epath.Path, row: Dataset) -> dict[str, list[FileEntry]]:
    universal = mseg.map_to_universal("bdd")
    names = {code: universal[name] for code, name in enumerate(NAMES["bdd"][SEGMENTATION][1:])}
    table = labels.map_codes(names | {255: mseg.UNLABELED}, row)
    load = functools.partial(labels.load_id_mask, table)
    return pairs.find_pairs_of_splits(raw_dir, TRAIN_VAL, bdd.IMAGES_10K, {bdd.MASKS: load})


LAYOUT = Layout(
    read=_read,
    files=expect_files(TRAIN_VAL, (7_000, 1_000), (bdd.IMAGES_10K, bdd.MASKS)),
    home="http://bdd-data.berkeley.edu/ (10K Images, Semantic Segmentation)",
    terms=bdd.LAYOUT.terms,
)
