"""Sets the global seed of TensorFlow, as every link does before it reads its input."""

import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def global_seed():
    """Keeps tests independent of the seed that another test left; zero would not do."""
    tf.keras.utils.set_random_seed(1)
