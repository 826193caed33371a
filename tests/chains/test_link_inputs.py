"""The batches of a link."""

import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.chains import link_inputs
from foi_tf.training import strategies
from tests.link_fixtures import TASK


@pytest.mark.parametrize("kind", ["train", "evaluation"])
def test_a_single_device_takes_batches_that_do_not_tune_themselves(make_link, blocks_data, kind):
    link, strategy = make_link(), strategies.create_strategy("cpu")
    task = tasks.create(TASK, blocks_data.dataset)
    if kind == "train":
        source = link_inputs.make_train_input(link, 0, blocks_data, task)
        found = link_inputs.distribute_train_batches(source, link, strategy, 0)
    else:
        source = link_inputs.make_evaluation_input(link, 0, blocks_data, task)
        found = link_inputs.distribute_evaluation_batches(source, link, strategy)
    assert isinstance(found, tf.data.Dataset) and not found.options().autotune.enabled
    assert next(iter(found))["image"].shape == (4, 32, 32, 3)
