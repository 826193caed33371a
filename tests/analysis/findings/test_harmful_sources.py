"""Checks what the experiment on harmful sources changes; it itself takes half an hour."""

import importlib
import json
import shlex

import cv2
import numpy as np
import pytest

from foi_tf.data.convert import custom_dataset
from foi_tf.data.records import prepared_datasets
from studies import harmful_sources


@pytest.mark.parametrize(
    ("things", "classes", "values"),
    [
        (None, ["ground", "brick", "leaf"], {255, 1, 2}),
        (("brick",), ["background", "brick"], {0, 1}),
    ],
)
def test_masks_are_changed_and_images_are_not(blocks, tmp_path, things, classes, values):
    prepared = prepared_datasets.load_annotated(blocks, "blocks")
    harmful_sources.write_changed(prepared, tmp_path, things)
    assert json.loads((tmp_path / "classes.json").read_text())["classes"] == classes
    masks = [cv2.imread(str(x), -1) for x in sorted(tmp_path.glob("masks/train/*.png"))]
    assert {*np.unique(masks)} == values and len(masks) == len(prepared.ids["train"])
    found = custom_dataset.find_custom_dataset(tmp_path, ["masks"], "changed", "other", None)
    assert found.dataset.classes == {"segmentation": len(classes)}


def test_commands_are_ones_that_the_programs_take(tmp_path):
    names = set()
    for variant in harmful_sources.VARIANTS:
        for command in harmful_sources.list_commands(tmp_path, variant, "pretraining"):
            name, *arguments = shlex.split(command)
            flags = importlib.import_module(f"foi_tf.bin.{name.removeprefix('foi-')}").PROGRAM
            values = flags.make_flags()
            assert len(values([name, *arguments])) == 1
            names.add(values.source)
    assert names >= {"ilsvrc", "pvoc:segmentation", "pvoc_unlabeled:segmentation"}
