"""Tests exports for PyTorch, which have the names of a real HRNetV2; building one is slow."""

import numpy as np
import pytest

from foi_tf.inference import export
from foi_tf.models.weights import public_weights
from tests.inference.test_export import random_backbone, trained_model

pytestmark = pytest.mark.slow


@pytest.fixture(name="body", scope="module")
def _body():
    """A small HRNetV2 in which all batch norms change their input."""
    return random_backbone()


@pytest.mark.parametrize("kind", ["segmentation", "classification"])
def test_safetensors_hold_what_timm_has(kind, body, tmp_path):
    made = trained_model(kind, body)
    metadata = export.write_model(made, tmp_path / "m", "safetensors")
    again, account = public_weights.import_weights(
        tmp_path / "m/model.safetensors", "hrnet_mini", classes=4
    )
    assert not account.left and (again.head is None) == (kind == "segmentation")
    for a, b in zip(again.network.backbone.variables, body.variables, strict=True):
        assert np.array_equal(a, b)
    assert metadata["format"] == "safetensors"
