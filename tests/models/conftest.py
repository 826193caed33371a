"""Shares networks between the tests of models, since building one takes seconds."""

import pytest
import tensorflow as tf

from foi_tf.models.backbones import build_backbone
from tests import tiny_backbone


@pytest.fixture(scope="session")
def mini():
    """The smallest HRNetV2."""
    return build_backbone("hrnet_mini")


@pytest.fixture(scope="session")
def tiny():
    """A backbone of a few layers, for tests of the code around it."""
    return tiny_backbone.build_tiny((None, None, 3))


@pytest.fixture
def bfloat16():
    """Sets the precision of a test to bfloat16."""
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    tf.keras.mixed_precision.set_global_policy("float32")
