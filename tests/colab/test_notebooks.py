"""The notebooks, each run from its first cell to its last by a kernel of its own."""

import importlib.util
import os
import pathlib
import re
import runpy
import subprocess
import sys
import types

import nbclient
import nbformat
import pytest

from foi_tf.analysis.measures.published_results import load_published_results
from foi_tf.analysis.report.published_tables import describe_published
from foi_tf.study import results
from tests import tiny_backbone

ROOT = pathlib.Path(__file__).parents[2]
share = runpy.run_path(str(ROOT / "colab/share.py"))["share"]
NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
# Of the environment of the tests, what a program cannot start without.
KEPT = ("PATH", "LANG", "TMPDIR")


def execute(name, folder):
    """Runs all cells in a folder; returns what each has shown, by kind."""
    notebook = nbformat.read(ROOT / "colab" / name, as_version=4)
    environment = {key: os.environ[key] for key in KEPT if key in os.environ} | {
        "HOME": str(folder), "PYTHONPATH": tiny_backbone.put_on_path(),
        "FOI_QUICK": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    shown = {"image/png": 0, "text": ""}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown["image/png"] += "image/png" in output.get("data", {})
            shown["text"] += output.get("text", "") if output.get("name") == "stdout" else ""
    return shown


@pytest.mark.slow
def test_one_chain_and_its_analysis(tmp_path):
    shown = execute("one_chain.ipynb", tmp_path)
    assert shown["image/png"] == 2
    assert "Links run on 1 x " in shown["text"] and "tensorflow-datasets 4." in shown["text"]
    assert "ilsvrc → mapillary:segmentation → camvid:segmentation: miou = 0." in shown["text"]
    frame = results.load(tmp_path / "work" / "results")
    small = frame[(frame.target == "camvid") & (frame.setting == "small")]
    assert sorted(small.source) == ["ilsvrc", "mapillary"]
    shown = execute("analysis.ipynb", tmp_path)
    assert shown["image/png"] == 1 and "report/report.html" in shown["text"]
    assert describe_published(load_published_results())[0] in shown["text"]
    assert "mapillary" in (tmp_path / "report" / "report.html").read_text()


@pytest.mark.slow
def test_own_data(tmp_path):
    shown = execute("own_data.ipynb", tmp_path)
    assert shown["image/png"] == 2
    assert "mine 16 + 4 images" in shown["text"]
    assert "--source=other:segmentation --target=mine:segmentation --setting=small" in shown["text"]
    assert sorted(results.load(tmp_path / "own_work" / "results").source)[-1] == "scratch"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs_and_share_their_first_cell(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    shared = {cell.id: cell for cell in notebook.cells if cell.id in ("first-cell", "check-cell")}
    assert cells[0] is shared["first-cell"] and set(shared) >= {"first-cell"}
    assert shared["first-cell"].source.startswith("# @title ")
    assert all(cell.metadata.cellView == "form" for cell in shared.values())
    assert ("check-cell" in shared) == (path.stem != "analysis")  # That one trains nothing.


def copy_of_what_is_shared(tmp_path, address):
    """Returns a checkout's notebooks and pages, with an address in CITATION.cff."""
    for path in (*NOTEBOOKS, ROOT / "README.md", ROOT / "docs/api.md"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text())
    (tmp_path / "CITATION.cff").write_text((ROOT / "CITATION.cff").read_text() + address)
    return {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}


def test_shared_cells_and_badges_are_as_written_from_one_place(tmp_path):
    """By the file of the first cell and the address that CITATION.cff has, if it has one."""
    before = copy_of_what_is_shared(tmp_path, "")
    share(tmp_path)
    after = {path: path.read_text() for path in before}
    assert after == before, "run python colab/share.py"


@pytest.mark.parametrize("address", ["https://github.com/o/r", "https://github.com/o/r.git"])
def test_one_address_is_the_default_and_makes_the_badges(tmp_path, address):
    before = copy_of_what_is_shared(tmp_path, f"repository-code: {address}\n")
    for _ in range(2):  # The second time replaces what the first has written.
        share(tmp_path)
    badge = "](https://colab.research.google.com/github/o/r/blob/main/colab/one_chain.ipynb)"
    for page in ("README.md", "docs/api.md"):
        text = (tmp_path / page).read_text()
        assert text.count(badge) == 1 and text.count("colab-badge.svg") == 3
        assert len(text.splitlines()) == len(before[tmp_path / page].splitlines()) + 3
    for path in NOTEBOOKS:
        text = (tmp_path / "colab" / path.name).read_text()
        assert f'REPOSITORY = \\"{address}\\"' in text


def test_an_address_that_colab_cannot_open_is_refused(tmp_path):
    before = copy_of_what_is_shared(tmp_path, "repository-code: https://gitlab.com/o/r\n")
    with pytest.raises(SystemExit, match=r"gitlab.com/o/r: Colab opens only https://github.com"):
        share(tmp_path)
    assert (tmp_path / "README.md").read_text() == before[tmp_path / "README.md"]


def run_first_cell(repository, drive=False, content="/content", names=None):
    """Runs the first cell with its form filled in; returns its names, for another run of it."""
    cell = nbformat.read(NOTEBOOKS[0], as_version=4).cells[1].source
    assert "DRIVE = False" in cell and "/content" in cell
    cell = re.sub('REPOSITORY = ".*?"', lambda _: f'REPOSITORY = "{repository}"', cell, count=1)
    names = {} if names is None else names
    exec(cell.replace("DRIVE = False", f"DRIVE = {drive}").replace("/content", content), names)
    return names


def test_the_first_cell_installs_a_checkout(tmp_path, monkeypatch):
    """As in Colab, but for the download: the script only says how it was called."""
    (tmp_path / "launch").mkdir()
    calls = tmp_path / "calls"
    (tmp_path / "launch/colab.sh").write_text(f'echo "$FOI_PYTHON" > {calls}\n')
    monkeypatch.setenv("FOI_QUICK", "")
    monkeypatch.setenv("FOI_PYTHON", "")
    names = run_first_cell(tmp_path)
    assert calls.read_text().strip() == sys.executable
    assert names["QUICK"] is False and names["foi"].__name__ == "foi_tf"


def test_the_first_cell_says_that_it_needs_an_address(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="give its repository's address in REPOSITORY"):
        run_first_cell("")


def test_the_first_cell_clones_once_and_again_where_a_clone_was_cut(tmp_path, monkeypatch):
    script = tmp_path / "source/launch/colab.sh"
    script.parent.mkdir(parents=True)
    script.write_text('pwd >> "$(dirname "$0")/../../calls"\n')
    git = ["git", "-C", tmp_path / "source", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "foi_tf_checkout/launch").mkdir(parents=True)  # An interrupted clone.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    names = run_first_cell(f"file://{tmp_path}/source")
    monkeypatch.chdir(tmp_path / "elsewhere")  # As with DRIVE.
    run_first_cell(f"file://{tmp_path}/source", names=names)
    assert names["folder"] == tmp_path / "foi_tf_checkout" and not [*tmp_path.glob("else*/*")]
    assert (tmp_path / "calls").read_text().count("\n") == 2


def test_the_first_cell_works_in_a_drive(tmp_path, monkeypatch):
    def mount(place):
        assert place == f"{tmp_path}/drive"
        (tmp_path / "drive/MyDrive").mkdir(parents=True)

    colab = types.ModuleType("google.colab")
    colab.drive = types.SimpleNamespace(mount=mount)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.chdir(tmp_path)
    run_first_cell("", drive=True, content=str(tmp_path))
    assert pathlib.Path.cwd() == tmp_path / "drive/MyDrive/foi_tf"
