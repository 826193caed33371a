"""The check of an installation trains on the devices, and says what is wrong."""

import importlib
import subprocess
import sys

import pytest

from foi_tf.errors import FoiError
from foi_tf.training import installation

WORDS = ["Python", "TensorFlow", "tf-models-official", "tensorflow-datasets", "Links"]
# In a process of its own, since collectives of earlier strategies in this one have other shapes.
ON_TWO = """
import foi_tf
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from foi_tf.training import installation
print(installation.check_installation("mirrored"))
"""


def test_versions_and_devices_after_a_step():
    lines = installation.check_installation("cpu").splitlines()
    assert [line.split()[0] for line in lines] == WORDS
    assert lines[-1].startswith("Links run on 1 x cpu: ")


@pytest.mark.slow
def test_versions_and_devices_after_a_step_on_two_devices():
    done = subprocess.run([sys.executable, "-c", ON_TWO], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == WORDS, done.stderr
    assert lines[-1].startswith("Links run on 2 x cpu: ")


def test_a_library_that_does_not_load_is_named(monkeypatch):
    def fail(name):
        raise TypeError("Descriptors cannot be created directly")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(FoiError, match=r"tf-models-official does not load \(Descriptors cannot"):
        installation.check_installation("cpu")


def test_a_step_that_is_wrong_is_no_installation(monkeypatch):
    monkeypatch.setattr(installation, "_train_a_step", lambda strategy: 0.75)
    with pytest.raises(FoiError, match=r"a training step gives 0.75, and not 0.5"):
        installation.check_installation("cpu")
