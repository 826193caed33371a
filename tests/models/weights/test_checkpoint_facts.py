"""Tests the facts that are kept with a checkpoint."""

import json

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from foi_tf.chains import initial_weights
from foi_tf.errors import FoiError
from foi_tf.models import transfer
from foi_tf.models.weights import checkpoint_facts, public_weights
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from tests import tiny_backbone

FACTS = CheckpointFacts(
    backbone="hrnet_mini", mean=(0.0, 0.1, 0.2), std=(1.0, 0.5, 0.25), source="w", source_digest="1"
)


@pytest.fixture(name="network")
def _network(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    return public_weights.build_classifier("hrnet_mini", 3).network


def test_facts_are_kept_with_the_checkpoint(network, tmp_path):
    public_weights.write_checkpoint(network, tmp_path / "in/w", FACTS)
    begin = initial_weights.find_weights(tmp_path / "in/w", "hrnet_mini")
    assert begin.facts == FACTS and begin.facts.statistics == (FACTS.mean, FACTS.std)
    with pytest.raises(FoiError, match="in/w: weights of hrnet_mini, but --backbone=hrnet_w18"):
        initial_weights.find_weights(tmp_path / "in/w", "hrnet_w18")
    checkpoint_facts.facts_path(tmp_path / "in/w").write_text("{")
    with pytest.raises(FoiError, match=r"w\.foi\.json: broken; import or train"):
        initial_weights.find_weights(tmp_path / "in/w", "hrnet_mini")


def test_the_digest_is_that_of_the_values(network, tmp_path):
    """Checks that facts, and other files of a like name, do not name other weights."""
    public_weights.write_checkpoint(network, tmp_path / "w", FACTS)
    digest = initial_weights.find_weights(tmp_path / "w", "hrnet_mini").digest
    (tmp_path / "w.safetensors").write_bytes(b"the file that was imported")
    checkpoint_facts.facts_path(tmp_path / "w").unlink()
    begin = initial_weights.find_weights(tmp_path / "w", "hrnet_mini")
    assert begin.digest == digest and begin.facts is None


def test_an_interrupted_import_keeps_no_facts_of_older_weights(network, tmp_path, monkeypatch):
    public_weights.write_checkpoint(network, tmp_path / "w", FACTS)

    def fail(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "disk is full")

    monkeypatch.setattr(transfer.Network, "checkpoint", fail)
    with pytest.raises(FoiError, match="cannot be written"):
        public_weights.write_checkpoint(network, tmp_path / "w", FACTS)
    assert checkpoint_facts.read_facts(tmp_path / "w") is None


def test_weights_of_several_datasets_have_no_statistics():
    assert CheckpointFacts(backbone="hrnet_mini", mean=None, std=None).statistics is None


def test_normalization_comes_from_the_publisher_or_from_our_export(tmp_path):
    path, values = tmp_path / "w.safetensors", {"x": np.zeros(1)}
    safetensors.numpy.save_file(values, path)
    found = public_weights.collect_facts(path, "hrnet_w18")
    assert found.mean == (0.485, 0.456, 0.406) and found.source == "w.safetensors"
    assert found.source_digest == checkpoint_facts.digest_files([path])
    simclr = public_weights.collect_facts(path, "resnet50")
    assert simclr.statistics == ((0, 0, 0), (1, 1, 1))  # Its code leaves pixels in [0, 1].

    metadata = {"backbone": "hrnet_w18", "mean": [0, 0, 0], "std": [1, 1, 2]}
    safetensors.numpy.save_file(values, path, {public_weights.EXPORTED: json.dumps(metadata)})
    assert public_weights.collect_facts(path, "hrnet_w18").std == (1, 1, 2)
    with pytest.raises(FoiError, match="exported from hrnet_w18, but --backbone=hrnet_w32"):
        public_weights.import_weights(path, "hrnet_w32")
