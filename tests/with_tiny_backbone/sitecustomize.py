"""Gives a Python that has this folder on its path the tiny backbone, once it loads backbones."""

import importlib.abc
import importlib.util
import sys

NAME = "foi_tf.models.backbones"


class Replacing(importlib.abc.MetaPathFinder):
    """Loads the module of backbones as usual, and then replaces one; TensorFlow stays lazy."""

    def find_spec(self, name, path, target=None):
        if name != NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def load_and_replace(module):
            load(module)
            from tests import tiny_backbone

            tiny_backbone.use_tiny_backbone()

        spec.loader.exec_module = load_and_replace
        return spec


sys.meta_path.insert(0, Replacing())
