"""Checks what the experiment on harmful sources changes; it itself takes long."""

import importlib
import json
import shlex

import cv2
import numpy as np

from foi_tf.data.convert import custom_dataset
from foi_tf.data.records import prepared_datasets
from foi_tf.data.records.read_examples import read_examples
from studies import harmful_sources


def test_masks_are_changed_and_images_are_not(blocks, tmp_path):
    prepared = prepared_datasets.load_annotated(blocks, "blocks")
    harmful_sources.write_changed(prepared, tmp_path, ["leaf", "brick"])
    assert json.loads((tmp_path / "classes.json").read_text())["classes"] == ["brick", "leaf"]
    masks = [cv2.imread(str(x), -1) for x in sorted(tmp_path.glob("masks/train/*.png"))]
    assert {*np.unique(masks)} == {0, 1, 255} and len(masks) == len(prepared.ids["train"])
    (example,) = read_examples(prepared, "val", frozenset([prepared.ids["val"][0]]), pixels=False)
    name = example["id"].replace("/", "_")
    assert (tmp_path / f"images/val/{name}.jpg").read_bytes() == example["image"]
    mask = cv2.imread(str(tmp_path / f"masks/val/{name}.png"), -1)
    assert np.array_equal(mask, np.uint8([255, 0, 1])[example["mask"].squeeze()])
    found = custom_dataset.find_custom_dataset(tmp_path, ["masks"], "changed", "other", None)
    assert found.dataset.classes == {"segmentation": 2}


def test_commands_are_ones_that_the_programs_take(tmp_path):
    names = set()
    for variant in harmful_sources.VARIANTS:
        for command in harmful_sources.list_commands(tmp_path, variant, "pretraining"):
            name, *arguments = shlex.split(command)
            flags = importlib.import_module(f"foi_tf.bin.{name.removeprefix('foi-')}").PROGRAM
            values = flags.make_flags()
            assert len(values([name, *arguments])) == 1
            names.add(values.source)
    assert names >= {"ilsvrc", "pvoc:segmentation", "pcontext_sparse:segmentation"}
