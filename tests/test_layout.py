"""The rules of the layout, asserted on the source: import direction, flags, file sizes."""

import ast
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).parents[1] / "foi_tf"
MODULES = sorted(PACKAGE.rglob("*.py"))
# What each room may import of the others; everything may import the modules at the top.
ALLOWED = {
    "study": set(),
    "miniworld": {"study"},
    "data": {"study", "miniworld"},
    "models": {"study"},
    "tasks": {"study", "data", "models"},
    "training": {"study", "data", "models", "tasks"},
    "chains": {"study", "data", "models", "tasks", "training"},
    "inference": {"study", "data", "models", "tasks", "training", "chains"},
    "analysis": {"study"},
}
ALLOWED["comparison"] = set(ALLOWED)
ALLOWED["api"] = set(ALLOWED)
ALLOWED["bin"] = set(ALLOWED) - {"api"}
# Likewise one level inside the large rooms.
INSIDE = {
    "data": {
        "records": set(),
        "convert": {"records"},
        "input": {"records"},
        "inspect": {"records", "input"},
    },
    "analysis": {
        "uncertainty": set(),
        "measures": {"uncertainty"},
        "findings": {"uncertainty", "measures"},
        "recommend": {"uncertainty", "measures"},
        "report": {"uncertainty", "measures", "findings", "recommend"},
    },
}


def imported(path):
    """Names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    part = path.relative_to(PACKAGE).parts[0]
    if part not in ALLOWED:
        # The package tells type checkers the names of its front door, which it imports lazily.
        rooms = set(ALLOWED) - ({"api"} if part == "__init__.py" else set())
        assert not any(name.startswith(f"foi_tf.{p}") for name in imported(path) for p in rooms)
        return
    for name in imported(path):
        words = name.split(".")
        if words[0] == "foi_tf" and len(words) > 1 and words[1] in ALLOWED:
            assert words[1] in ALLOWED[part] | {part}, f"{path} imports {name}"
            _check_inside(path, words)
        if part in ("study", "analysis"):
            assert words[0] not in ("tensorflow", "tensorflow_datasets", "orbit", "official")
        if part != "bin":
            assert words[0] != "absl" or words[-1] != "flags"


def _check_inside(path, words):
    """Asserts the direction of an import between two rooms of one large room."""
    part, *inner = path.relative_to(PACKAGE).parts
    rooms = INSIDE.get(part, {})
    if len(inner) > 1 and words[1] == part and len(words) > 2 and words[2] in rooms:
        allowed = rooms[inner[0]] | {inner[0]}
        assert words[2] in allowed, f"{path} imports {'.'.join(words)}"


def test_every_part_is_known():
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and not p.name.startswith("_")}
    assert folders == set(ALLOWED)


@pytest.mark.parametrize("room", ["foi_tf", "tests", "benchmarks", "studies", "docs"])
def test_files_stay_small(room):
    found = sorted((PACKAGE.parent / room).rglob("*.py"))
    assert [path for path in found if len(path.read_text().splitlines()) > 320] == []
    assert found and "utils.py" not in {path.name for path in found}


def test_study_analysis_and_programs_load_without_tensorflow():
    names = [
        ".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts)
        for p in MODULES
        if p.relative_to(PACKAGE).parts[0] in ("study", "analysis", "api", "bin")
    ]
    code = f"import sys\nfor m in {names!r}: __import__(m)\nsys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_told_without_large_libraries_are_those_that_there_are():
    from foi_tf.analysis.recommend import source_ranking
    from foi_tf.data.convert.readers import FORMATS
    from foi_tf.models.backbones import ARCHITECTURES
    from foi_tf.study import choices
    from foi_tf.study.backbones import BACKBONES, KERAS

    assert {KERAS, *(row.architecture for row in BACKBONES.values())} == set(ARCHITECTURES)
    assert set(choices.FORMATS) == set(FORMATS)
    of_probes = [choices.PROBE, choices.PROBE_LOSS]
    assert [*choices.RANKINGS, *of_probes] == list(source_ranking.TEXTS)
