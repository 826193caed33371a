"""Which Python the launch scripts take, on machines that have some of them only."""

import pathlib
import shutil
import subprocess

import pytest

from tests.launch.conftest import ROOT

TOOLS = ("bash", "basename", "cat", "chmod", "cksum", "cp", "dirname", "mkdir", "rm", "touch", "tr")
# A Python of one version: it tells its version, makes an environment of itself and of programs
# that only write down how they are called, and notes what it installs and runs.
PYTHON = """#!/usr/bin/env bash
case "$1 $2" in
  -c*) [ -z "$2" ] || [[ $2 == *"'{version}'"* ]] ;;
  "-m venv")
    echo "{version} $*" >>"$CALLS"
    [ "$3" = --clear ] || exit 2
    mkdir -p "$4/bin"
    cp "$0" "$4/bin/python"
    for name in prepare compare; do
      echo 'echo "foi $*" >>"$CALLS"' >"$4/bin/foi-$name"
    done
    chmod +x "$4"/bin/* ;;
  *) echo "{version} $*" >>"$CALLS" ;;
esac
"""


class Bare:
    """A checkout's launch scripts on a machine that has only the Pythons it was given."""

    def __init__(self, home: pathlib.Path):
        self.home, self.calls = home, home / "calls"
        self.checkout = home / "checkout"
        for folder in ("launch", "constraints"):
            shutil.copytree(ROOT / folder, self.checkout / folder)
        shutil.copy(ROOT / "setup.py", self.checkout)
        (home / "bin").mkdir()
        for tool in TOOLS:
            (home / "bin" / tool).symlink_to(shutil.which(tool))

    def python(self, version, path=""):
        """Puts a Python in place, by default on the PATH."""
        place = self.home / (path or f"bin/python{version}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(PYTHON.replace("{version}", version))
        place.chmod(0o755)
        return place

    def run(self, script, *arguments, **environment):
        """Runs a script; returns exit code, stderr, and the calls that were written down."""
        done = subprocess.run(
            [self.home / "bin/bash", self.checkout / "launch" / script, *arguments],
            env={"PATH": str(self.home / "bin"), "HOME": str(self.home), "CALLS": str(self.calls)}
            | environment,
            cwd=self.home, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        called = self.calls.read_text().splitlines() if self.calls.exists() else []
        return done.returncode, done.stderr, called


@pytest.fixture(name="bare")
def _bare(tmp_path):
    return Bare(tmp_path)


@pytest.mark.parametrize(
    ("there", "quickstart", "test"),
    [
        (["3.11"], "3.11", "3.11"),
        (["3.12"], "3.12", "3.12"),
        (["3.13"], "3.13", "3.13"),
        (["3.12", "3.13"], "3.13", "3.13"),
        (["3.10", "3.11", "3.12", "3.14"], "3.12", "3.11"),
    ],
)
def test_each_takes_a_python_that_the_machine_has(bare, there, quickstart, test):
    for version in there:
        bare.python(version)
    for script, version in (("quickstart.sh", quickstart), ("test.sh", test)):
        code, err, called = bare.run(script)
        environment = bare.checkout / f".venv-{version}"
        assert code == 0, err
        assert err.splitlines()[-1] == f"runs with Python {version} in {environment}"
        pip = next(call for call in called if f"{version} -m pip install" in call)
        assert f"--constraint {bare.checkout}/constraints/{version}.txt" in pip
    left_out = " --ignore=tests/benchmarks" + " --ignore=tests/colab" * (test == "3.11")
    assert f"{test} -m pytest" in called[-1] and called[-1].endswith(f"loadscope-reorder{left_out}")
    assert sum("--sources=" in call for call in called) == 2
    environments = {f".venv-{version}" for version in (quickstart, test)}
    assert {path.name for path in bare.checkout.glob(".venv*")} == environments


@pytest.mark.parametrize("script", ["quickstart.sh", "test.sh", "docs.sh"])
def test_without_any_the_commands_that_install_one_are_said_in_a_line(bare, script):
    bare.python("3.14")
    code, err, called = bare.run(script)
    assert code == 1 and not called and err.count("\n") == 1
    assert err.startswith(f"{script}: needs Python 3.11, 3.12 or 3.13 with its venv and ensurepip")
    for command in ("sudo apt-get install python3-venv", "brew install python@3.13",
                    "uv python install 3.13", "FOI_PYTHON=/path/to/python"):  # fmt: skip
        assert command in err
    assert not list(bare.checkout.glob(".venv*"))


def test_a_version_that_is_asked_for_is_taken_or_missed(bare):
    bare.python("3.11")
    bare.python("3.13")
    code, err, called = bare.run("test.sh", "3.13", "tests/study")
    assert code == 0 and called[-1].startswith("3.13 -m pytest"), err
    assert called[-1].endswith("tests/study")
    code, err, _ = bare.run("test.sh", "3.12")
    assert code == 1 and "needs Python 3.12 with" in err and "python3.12-venv" in err
    code, err, _ = bare.run("test.sh", "3.14")
    assert (code, err) == (
        1, "test.sh: Python 3.14: no such environment; 3.11, 3.12, 3.13 or colab\n",
    )  # fmt: skip


def test_the_notebooks_run_beside_the_packages_that_colab_has(bare):
    bare.python("3.12")
    (bare.checkout / "launch/colab.sh").write_text('echo "colab.sh for $FOI_PYTHON" >>"$CALLS"\n')
    code, err, (made, packages, ours, tests) = bare.run("test.sh", "colab", "-x")
    assert made.startswith("3.12 -m venv --clear ")
    assert code == 0 and err.splitlines()[-1].startswith("runs with what Colab has")
    assert packages.endswith(f"-r {bare.checkout}/constraints/colab.txt")
    assert ours == f"colab.sh for {bare.checkout}/.venv-colab/bin/python"
    assert tests == "3.12 -m pytest tests/colab tests/analysis -x"
    assert [path.name for path in bare.checkout.glob(".venv*")] == [".venv-colab"]


def test_an_environment_is_made_once_and_anew_where_it_would_not_be_the_same(bare):
    bare.python("3.12")

    def make():
        bare.calls.unlink(missing_ok=True)
        code, err, called = bare.run("test.sh", "3.12")
        assert code == 0, err
        return [word for call in called for word in ("venv", "pip") if f"-m {word} " in call]

    assert make() == ["venv", "pip"] and make() == []
    constraints = bare.checkout / "constraints/3.12.txt"
    first = constraints.read_text()
    constraints.write_text(first + "more==1\n")
    assert make() == ["pip"]
    constraints.write_text(first)  # As of another branch, and back.
    assert make() == ["pip"] and make() == []
    (bare.checkout / ".venv-3.12/bin/python").write_text("#!/nowhere/python\n")
    assert make() == ["venv", "pip"]
    bare.checkout = bare.checkout.rename(bare.home / "moved")
    assert make() == ["venv", "pip"] and make() == []


@pytest.mark.parametrize(
    "path",
    [
        ".pyenv/versions/3.12.4/bin/python",
        ".local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python",
        "bin/python3",
    ],
)
def test_pythons_of_pyenv_and_uv_are_found_off_the_path(bare, path):
    bare.python("3.12", path)
    code, err, _ = bare.run("quickstart.sh")
    assert code == 0 and "runs with Python 3.12" in err, err


@pytest.mark.parametrize(("spent", "left"), [(0, 180), (340, 125), (400, 90)])
def test_the_second_comparison_has_what_is_left_of_eight_minutes(bare, spent, left):
    bare.python("3.12")
    code, err, called = bare.run("quickstart.sh", SECONDS=str(spent))
    budgets = [int(word[9:-1]) for call in called for word in call.split() if "--budget" in word]
    assert code == 0, err
    assert budgets[0] == 4 and left - 5 <= budgets[1] <= left


def test_a_python_that_is_named_is_taken_before_a_newer_one(bare):
    bare.python("3.13")
    named = bare.python("3.11", "mine/python")
    code, err, _ = bare.run("quickstart.sh", FOI_PYTHON=str(named))
    assert code == 0 and "runs with Python 3.11" in err, err
    code, err, _ = bare.run("quickstart.sh", FOI_PYTHON=str(bare.python("3.10", "old/python")))
    assert code == 1 and f"which FOI_PYTHON={bare.home}/old/python is not" in err


def test_every_version_has_its_constraints_and_may_be_installed():
    versions = sorted(path.stem for path in (ROOT / "constraints").glob("3.*.txt"))
    assert versions == ["3.11", "3.12", "3.13"]
    for version in versions:
        text = (ROOT / "constraints" / f"{version}.txt").read_text()
        assert text.startswith(f"# What foi_tf is tested with on Python {version};")
        assert "tensorflow-addons" in text or version != "3.11"
    assert 'python_requires=">=3.11,<3.14"' in (ROOT / "setup.py").read_text()
