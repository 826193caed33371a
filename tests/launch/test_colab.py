"""What is installed in the runtimes of notebooks, by a Python that only tells what is there."""

import shlex
import sys

import pytest

FOR_TPU = "tensorflow-tpu>=2.19.1,<2.21 libtpu<=0.0.21.1"
# Tells the versions of packages that the test has made up, and the signs of a TPU by foi_tf itself.
PYTHON = """#!/usr/bin/env bash
case "$1 $2" in
  *tpu_machine*) exec {python} "$@" ;;
  *'m.version('*) name=${{2##*m.version(\\'}}; [[ " {there} " == *" ${{name%%\\'*}} "* ]] ;;
  "-m pip") [ "$3" != freeze ] || printf '%s\\n' {frozen} ;;
  *google.protobuf*) exit {old_protobuf} ;;
  "- "*) cat >/dev/null; echo 2.20 ;;
esac
"""


@pytest.fixture(name="runtime")
def _runtime(machine, monkeypatch):
    """Makes up a runtime; returns its Python."""
    for name in ("COLAB_TPU_1VM", "TPU_ACCELERATOR_TYPE"):
        monkeypatch.delenv(name, raising=False)

    def make(there=(), old_protobuf=0, frozen=("numpy==2.0.2",)):
        text = PYTHON.format(
            python=sys.executable, there=" ".join(there), old_protobuf=old_protobuf,
            frozen=" ".join(frozen),
        )  # fmt: skip
        machine._write("a_python", text)
        return str(machine.home / "bin/a_python")

    return make


@pytest.mark.parametrize(("there", "sign", "commands"), [
    (["tensorflow"], {}, []),
    (["tensorflow-cpu"], {"COLAB_TPU_1VM": ""}, []),
    ([], {}, ["install tensorflow>=2.19,<2.21"]),
    ([], {"COLAB_TPU_1VM": "1"}, [f"install {FOR_TPU}"]),
    (["tensorflow"], {"TPU_ACCELERATOR_TYPE": "v5e-1"},
     ["uninstall --yes tensorflow", f"install {FOR_TPU}"]),
    (["tensorflow-tpu"], {"COLAB_TPU_1VM": "1"}, []),
])  # fmt: skip
def test_a_runtime_has_the_tensorflow_of_its_devices(machine, runtime, there, sign, commands):
    python = runtime(there)
    code, out, err = machine.run("colab.sh", "--dry_run", FOI_PYTHON=python, **sign)
    assert code == 0, err
    pip = f"{python} -m pip --quiet --disable-pip-version-check "
    assert [" ".join(shlex.split(line)).removeprefix(pip) for line in out.splitlines()] == commands


@pytest.mark.parametrize(("old_protobuf", "metadata"), [
    (0, "tensorflow-metadata"), (1, "tensorflow-metadata<1.18"),
])  # fmt: skip
def test_beside_tensorflow_comes_what_colab_lacks(machine, runtime, old_protobuf, metadata):
    frozen = ("numpy==2.0.2", "protobuf==5.29.6", "tensorflow-metadata==1.21.0")
    python = runtime(["tensorflow"], old_protobuf, frozen)
    code, out, err = machine.run("install_beside.sh", "--dry_run", FOI_PYTHON=python)
    assert code == 0, err
    beside, rest = (shlex.split(line) for line in out.splitlines())
    assert {"tf-models-official==2.20.*", "tf-keras==2.20.*"} <= set(beside)
    assert {"gin-config", metadata} <= set(rest) and "protobuf" not in rest
    held = machine.home.parent / rest[rest.index("--constraint") + 1]
    kept = held.read_text().splitlines()
    assert ("tensorflow-metadata==1.21.0" in kept) == (not old_protobuf)
    assert {"numpy==2.0.2", "protobuf==5.29.6"} <= set(kept)
