"""Strategies: which devices a name takes, and which one "auto" finds."""

import pytest
import tensorflow as tf

from foi_tf import tpu_machine
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


@pytest.mark.slow
def test_a_tpu_that_is_not_there_is_named():
    with pytest.raises(FoiError, match="--strategy=tpu: no TPU at 'local'"):
        strategies.create_strategy("tpu")


def test_unknown_names_are_named():
    with pytest.raises(FoiError, match="unknown strategy 'tqu'; did you mean 'tpu'"):
        strategies.create_strategy("tqu")
    with pytest.raises(FoiError, match="unknown precision 'float8'"):
        strategies.set_precision("float8")


@pytest.fixture(name="machine")
def _machine(monkeypatch, tmp_path):
    """Makes up a machine: its environment, device files, libtpu, and physical devices."""

    def make(environment=None, device="", libtpu=False, kinds=()):
        signs = tpu_machine._SIGNS
        for name in (*strategies._TPU_VARIABLES, *signs, "TPU_LIBRARY_PATH"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        folder = tmp_path / f"dev{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        if device:
            (folder / device).touch()
        patterns = (f"{folder}/accel[0-9]*", f"{folder}/vfio[0-9]*")
        monkeypatch.setattr(strategies, "_TPU_DEVICES", patterns)
        monkeypatch.setattr(strategies, "_LIBTPU", (__file__ if libtpu else f"{folder}/none",))
        monkeypatch.setattr(strategies.importlib.util, "find_spec", lambda _: None)
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind: [kind] * (kind in kinds)
        )

    return make


@pytest.mark.parametrize(("given", "found"), [
    ({}, "cpu"), ({"kinds": ["GPU"]}, "mirrored"), ({"kinds": ["GPU", "TPU"]}, "tpu"),
    ({"environment": {"TPU_NAME": "local"}}, "tpu"),
    ({"environment": {"KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS": "grpc://10.0.0.1:8470"}}, "tpu"),
    ({"device": "accel0", "libtpu": True}, "tpu"), ({"device": "vfio0", "libtpu": True}, "tpu"),
    # Other accelerators have such device files, too, and a libtpu may be installed anywhere.
    ({"device": "accel0", "kinds": ["GPU"]}, "mirrored"), ({"libtpu": True}, "cpu"),
])  # fmt: skip
def test_auto_takes_the_tpu_else_gpus_else_the_cpu(machine, given, found):
    machine(**given)
    assert strategies.resolve_strategy("auto") == found
    assert strategies.resolve_strategy("mirrored") == "mirrored"
    assert strategies.resolve_strategy("auto", tpu="my-tpu") == "tpu"


@pytest.mark.parametrize("sign", ["COLAB_TPU_1VM", "TPU_ACCELERATOR_TYPE"])
def test_auto_stops_where_a_tpu_was_chosen_and_is_not_seen(machine, sign):
    machine(environment={sign: "1"}, kinds=["GPU"])
    said = f"{sign}=1 says that this machine has a TPU.* install tensorflow-tpu .*--strategy=cpu"
    with pytest.raises(FoiError, match=said):
        strategies.create_strategy("auto")
    assert strategies.resolve_strategy("cpu") == "cpu"
    machine(environment={sign: "1"}, device="vfio0", libtpu=True)
    assert strategies.resolve_strategy("auto") == "tpu"


def test_auto_and_the_name_that_it_resolves_to_are_one_strategy(machine):
    machine()
    assert strategies.create_strategy("auto") is strategies.create_strategy("cpu", "")


def test_auto_goes_to_the_tpu_that_the_environment_names(machine):
    machine(environment={"TPU_ADDRESS": "grpc://127.0.0.1:1"})
    assert strategies._find_tpu() == "grpc://127.0.0.1:1"


def test_gpus_are_not_filled_and_old_ones_are_known(monkeypatch):
    grown, capabilities = [], {"new": (9, 0), "old": (7, 5)}
    seen = ["new", "old"]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: seen)
    config = tf.config.experimental
    monkeypatch.setattr(config, "set_memory_growth", lambda *given: grown.append(given))
    monkeypatch.setattr(
        config, "get_device_details", lambda name: {"compute_capability": capabilities[name]}
    )
    strategies._grow_gpu_memory()
    assert grown == [("new", True), ("old", True)]
    assert strategies.lacks_bfloat16()
    seen.remove("old")
    assert not strategies.lacks_bfloat16()


def test_operations_are_deterministic_on_cpus(monkeypatch):
    made = strategies.create_strategy("cpu")
    assert strategies.is_deterministic(None, made)
    assert not strategies.is_deterministic(False, made)
    for kind in ("gpu", "tpu"):
        monkeypatch.setattr(strategies, "device_kind", lambda _, kind=kind: kind)
        assert not strategies.is_deterministic(None, made)
        assert strategies.is_deterministic(True, made)
    with pytest.raises(FoiError, match="--precision=float16 is for GPUs"):
        strategies.check_precision("float16", made)
    strategies.check_precision("bfloat16", made)
