"""The check of an installation trains on the devices, and says what is wrong."""

import importlib

import pytest

from foi_tf.errors import FoiError
from foi_tf.training import installation


@pytest.mark.parametrize(("strategy", "devices"), [("cpu", 1), ("mirrored", 2)])
def test_versions_and_devices_after_a_step(strategy, devices):
    lines = installation.check_installation(strategy).splitlines()
    assert [line.split()[0] for line in lines] == [
        "Python", "TensorFlow", "tf-models-official", "tensorflow-datasets", "Links",
    ]  # fmt: skip
    assert lines[-1].startswith(f"Links run on {devices} x cpu: ")


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
