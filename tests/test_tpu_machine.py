"""The way to a TPU is shown where there is one, and nowhere else."""

import importlib.metadata
import os
import sys
import types

import pytest

from foi_tf import tpu_machine

SET = ("PJRT_DEVICE", "NEXT_PLUGGABLE_DEVICE_USE_C_API", "TF_PLUGGABLE_DEVICE_LIBRARY_PATH")


@pytest.fixture(name="runtime")
def _runtime(monkeypatch):
    """Makes up a runtime: its environment, and the packages and modules that it has."""

    def make(environment=None, packages=("tensorflow-tpu",), imported=False):
        for name in (*tpu_machine._SIGNS, *tpu_machine._SETTLED, *SET):
            monkeypatch.setenv(name, "")  # Afterwards they are as they were.
            monkeypatch.delenv(name)
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)

        def version(name):
            if name not in packages:
                raise importlib.metadata.PackageNotFoundError(name)
            return "2.20.0"

        monkeypatch.setattr(importlib.metadata, "version", version)
        libtpu = types.SimpleNamespace(get_library_path=lambda: "/site/libtpu/libtpu.so")
        monkeypatch.setitem(sys.modules, "libtpu", libtpu)
        monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
        if imported:
            monkeypatch.setitem(sys.modules, "tensorflow", libtpu)

    return make


@pytest.mark.parametrize("sign", tpu_machine._SIGNS)
def test_pips_library_is_named_before_tensorflow_is_imported(runtime, sign):
    runtime({sign: "1"})
    tpu_machine.set_tpu_variables()
    assert [os.environ[name] for name in SET] == ["TPU", "true", "/site/libtpu/libtpu.so"]
    assert tpu_machine.find_tpu_sign() == f"{sign}=1"


@pytest.mark.parametrize("given", [
    {}, {"environment": {"COLAB_TPU_1VM": ""}},
    {"environment": {"COLAB_TPU_1VM": "1"}, "packages": ("tensorflow",)},
    {"environment": {"COLAB_TPU_1VM": "1"}, "imported": True},
    {"environment": {"TPU_ACCELERATOR_TYPE": "v4-16", "TPU_LOAD_LIBRARY": "0"}},
    {"environment": {"TPU_ACCELERATOR_TYPE": "v4-8", "TPU_NAME": "mytpu"}},
])  # fmt: skip
def test_elsewhere_nothing_is_set(runtime, given):
    runtime(**given)
    tpu_machine.set_tpu_variables()
    assert not any(name in os.environ for name in SET)
