"""The notebooks, each run from its first cell to its last by a kernel of its own."""

import os
import pathlib
import sys

import nbclient
import nbformat
import pytest

from foi_tf.analysis.measures.published_results import load_published_results
from foi_tf.analysis.report.published_tables import describe_published
from foi_tf.study import results
from tests import tiny_backbone

ROOT = pathlib.Path(__file__).parents[2]
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
def test_notebooks_are_kept_without_outputs_and_begin_for_colab(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert 'os.environ["TF_USE_LEGACY_KERAS"] = "1"' in cells[0].source
    first = [nbformat.read(other, as_version=4).cells[1].source for other in NOTEBOOKS]
    assert set(first) == {cells[0].source}, "the first cells have to be alike"


def test_the_first_cell_installs_a_checkout(tmp_path, monkeypatch):
    """As in Colab, but for the download: pip is one that only says how it was called."""
    (tmp_path / "launch").mkdir()
    calls = tmp_path / "calls"
    (tmp_path / "launch/install_beside.sh").write_text(f'echo "$FOI_PYTHON" > {calls}\n')
    monkeypatch.setenv("FOI_QUICK", "")
    cell = nbformat.read(NOTEBOOKS[0], as_version=4).cells[1].source
    assert 'REPOSITORY = ""' in cell
    names = {}
    exec(cell.replace('REPOSITORY = ""', f'REPOSITORY = "{tmp_path}"'), names)
    assert calls.read_text().strip() == sys.executable
    assert names["QUICK"] is False
