import functools

import pytest
import tensorflow as tf

from foi_tf.models.backbones import build_backbone
from foi_tf.models.hrnet import hrnet_v2


@pytest.fixture(scope="session")
def published():
    """HRNetV2 by width, each built once: that takes its time."""
    return functools.cache(hrnet_v2)


@pytest.fixture(scope="session")
def mini():
    return build_backbone("hrnet_mini")


@pytest.fixture
def bfloat16():
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    tf.keras.mixed_precision.set_global_policy("float32")
