import pytest
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.training import strategies


def test_cpu_is_one_replica():
    made = strategies.create_strategy("cpu")
    assert made.num_replicas_in_sync == 1
    assert strategies.device_kind(made) == "cpu"


def test_mirrored_takes_all_cpus_where_there_is_no_gpu():
    made = strategies.create_strategy("mirrored")
    expected = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    assert made.num_replicas_in_sync == len(expected)


def test_what_is_not_there_is_named():
    with pytest.raises(FoiError, match="--strategy=tpu: no TPU at 'local'"):
        strategies.create_strategy("tpu")
    with pytest.raises(FoiError, match="unknown strategy 'tqu'; did you mean 'tpu'"):
        strategies.create_strategy("tqu")
    with pytest.raises(FoiError, match="unknown precision 'float16'"):
        strategies.set_precision("float16")
