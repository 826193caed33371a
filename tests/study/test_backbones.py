import dataclasses

import pytest

from foi_tf.errors import FoiError
from foi_tf.study.backbones import choose_statistics
from foi_tf.study.registry import DATASETS


def test_the_paper_normalizes_by_the_dataset_and_others_as_their_weights_expect():
    camvid = dataclasses.replace(DATASETS["camvid"], mean=(0.4, 0.4, 0.4), std=(0.3, 0.3, 0.3))
    assert choose_statistics("hrnet_w48", camvid) == ((0.4, 0.4, 0.4), (0.3, 0.3, 0.3))
    mean, std = choose_statistics("efficientnet_lite0", camvid)
    assert mean == (127 / 255,) * 3 and std == (128 / 255,) * 3


def test_a_dataset_without_statistics_is_named():
    camvid = dataclasses.replace(DATASETS["camvid"], mean=None)
    with pytest.raises(FoiError, match="camvid: has no statistics"):
        choose_statistics("hrnet_w48", camvid)
