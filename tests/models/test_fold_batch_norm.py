"""Tests linear heads before upsampling. Folded batch norm is tested with exports."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.models import fold_batch_norm, heads, hrnet
from tests import tiny_backbone


@pytest.mark.parametrize("size", [(64, 64), (50, 71)])
def test_a_linear_head_before_upsampling_is_the_head_after_it(size):
    backbone = tiny_backbone.build_tiny((*size, 3))
    head = heads.SegmentationHead(5)
    head.connect(backbone)
    rng = np.random.default_rng(0)
    head.model.set_weights([rng.normal(size=w.shape) for w in head.model.get_weights()])
    body = tf.keras.Model(backbone.input, [backbone.output, hrnet.branches(backbone)])
    features, branches = body(rng.normal(size=(2, *size, 3)).astype(np.float32))
    assert fold_batch_norm.is_linear(head.model)
    found = fold_batch_norm.move_before_upsampling(head.model)(branches)
    np.testing.assert_allclose(found, head.model(features), rtol=1e-4, atol=1e-4)


def test_heads_with_more_layers_are_not_linear():
    backbone = tiny_backbone.build_tiny((32, 32, 3))
    head = heads.DetectionHead(2)
    head.connect(backbone)
    assert not fold_batch_norm.is_linear(head.model)
