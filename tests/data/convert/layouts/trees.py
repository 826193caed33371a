"""The tiny raw trees, one module for a dataset.

Each has `write(root)`, which writes the tree in its publisher's layout and returns, by
split and id, the fields of `schema` that are to be read back; and `SPOILS`: by the error
that is to be raised (a regular expression), what spoils such a tree.
"""

import importlib

from foi_tf.study.registry import DATASETS

TREES = {name: importlib.import_module(f"tests.data.convert.layouts.{name}") for name in DATASETS}
