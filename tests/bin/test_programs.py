"""All programs as processes: each is installed, helps, and exits as documented."""

import ast
import importlib
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import foi_tf.bin

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(foi_tf.bin.__path__)
    if hasattr(importlib.import_module(f"{foi_tf.bin.__name__}.{name}"), "main")
)


def test_every_program_is_installed():
    tree = ast.parse((ROOT / "setup.py").read_text())
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PROGRAMS"
    )
    assert sorted(listed) == PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_and_exit_codes_of_a_process(name):
    command = [sys.executable, "-m", f"foi_tf.bin.{name}"]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert helped.returncode == 0 and f"foi-{name}" in helped.stdout
    wrong = subprocess.run([*command, "--no_such"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1 and wrong.stderr.startswith(f"foi-{name}: "), wrong.stderr
