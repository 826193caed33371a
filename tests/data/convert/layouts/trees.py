"""Collects the tiny raw trees, one module for each dataset.

Each module has `write(root)`, which writes the tree in its publisher's layout and returns, by
split and id, the fields of `schema` that must be read back. It also has `SPOILS`: by a regular
expression of an expected error, a function that spoils the tree so that the error is raised.
"""

import importlib

from foi_tf.study.validation_tasks import PUBLISHED

TREES = {name: importlib.import_module(f"tests.data.convert.layouts.{name}") for name in PUBLISHED}
