"""Gives all tests two CPU devices, for two replicas on any machine, and prepared datasets."""

import collections
import math
import os
import pathlib
import sys

import pytest

import foi_tf  # noqa: F401  Sets TensorFlow's environment before any test imports it.

# Two tests run at a time; NumPy's matrices are small here, and its threads would wait for each
# other. To be set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    """Starts with the files that have the most slow tests, so that two workers end together."""
    slow = collections.Counter(
        item.path for item in items if item.get_closest_marker("slow") is not None
    )
    items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish(session):
    """Splits the CPU before TensorFlow starts, if any test imports it."""
    del session
    if tf := sys.modules.get("tensorflow"):
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )


@pytest.fixture(autouse=True)
def _no_line_by_the_clock(monkeypatch):
    """Shows progress only at its end, so that no output depends on how busy the machine is."""
    monkeypatch.setattr("foi_tf.progress.PLAIN_LINE_EVERY", math.inf)


@pytest.fixture(scope="session")
def blocks(tmp_path_factory):
    """A data directory with the prepared dataset `blocks` of colored rectangles."""
    from foi_tf.data.convert import builder, custom_dataset
    from tests import raw_folders

    root = raw_folders.write_folder(tmp_path_factory.mktemp("raw"), train=12, val=5)
    data_dir = tmp_path_factory.mktemp("data")
    found = custom_dataset.find_custom_dataset(root, ["coco", "masks"], "blocks", "aerial", None)
    builder.build_records(found, data_dir)
    return data_dir


@pytest.fixture(scope="session")
def bricks(blocks, tmp_path_factory):
    """A second dataset beside `blocks`, of another domain, size and seed."""
    from foi_tf.data.convert import builder, custom_dataset
    from tests import raw_folders

    root = raw_folders.write_folder(
        tmp_path_factory.mktemp("raw"), train=9, val=3, size=(64, 48), seed=5
    )
    found = custom_dataset.find_custom_dataset(root, ["masks"], "bricks", "driving", None)
    return builder.build_records(found, blocks)


@pytest.fixture(scope="session")
def real_data():
    """The folder of small real annotated sets; tests without it skip."""
    place = os.environ.get("FOI_REAL_DATA")
    if not place:
        pytest.skip("needs real images: set FOI_REAL_DATA to the folder of the annotated sets")
    return pathlib.Path(place)


@pytest.fixture(scope="session")
def two_replicas():
    """The one strategy of two CPU devices; a second one would repeat keys of collectives.

    Its iterators do not tune themselves, since they may wait a minute for that at their end.
    """
    import tensorflow as tf
    from tensorflow.python.data.ops import multi_device_iterator_ops as iterators

    from foi_tf.data.records.tf_data import disable_autotuning

    make = iterators._create_device_dataset
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            iterators, "_create_device_dataset", lambda *given: disable_autotuning(make(*given))
        )
        yield tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
