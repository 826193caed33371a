"""The rules of names and first sentences, asserted on the source."""

import ast
import collections
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
MODULES = sorted((ROOT / "foi_tf").rglob("*.py"))
# Words that hide the verb and the object of a first sentence.
HIDING = re.compile(r"(What|Of|That|Whether|Those|Where)\b")


def defined(path):
    """The module, classes and functions of a file."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_first_sentences_have_a_verb_and_an_object(path):
    texts = [ast.get_docstring(node) or "" for node in defined(path)]
    comments = re.findall(r"#\s+((?:What|Of)\b.*)", path.read_text())
    assert not [text for text in texts if HIDING.match(text)] + comments


def test_modules_keep_their_names_at_imports():
    files = [p for room in ("foi_tf", "tests", "benchmarks", "studies", "docs")
             for p in (ROOT / room).rglob("*.py")]  # fmt: skip
    renamed = [
        f"{path.relative_to(ROOT)}: {node.module}.{alias.name} as {alias.asname}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname not in (None, alias.name)
        and node.module.split(".")[0] in ("foi_tf", "tests")
    ]
    assert not renamed


def test_each_class_name_occurs_once():
    places = collections.defaultdict(list)
    for path in MODULES:
        for node in defined(path):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_names_are_spelled_as_in_keras(path):
    names = {node.name for node in defined(path) if not isinstance(node, ast.Module)}
    british = re.compile(
        r"colour|licence|centre(?!net)|neighbour|behaviour|[a-z]{3}isation|normalis"
    )
    assert not [name for name in names if british.search(name.lower())]
