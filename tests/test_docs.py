"""README and docs: links lead somewhere, and the programs accept the commands that are shown."""

import importlib
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
PAGES += sorted(ROOT.glob("studies/*.md"))
# In place of programs: each writes down its name and arguments.
STUBS = """
for name in prepare pretrain source target run plan rates features linear analyze recommend weights
do eval "foi-$name() { echo \\"\\$(printf '%q ' foi-$name \\"\\$@\\")\\"; } >&3"; done
exec 3>&1 >/dev/null
"""


def find_links(page):
    """Returns (path, anchor) of each link of a page within the repository; either may be empty."""
    found = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text())
    return [(path, anchor) for path, anchor in found if "://" not in path]


def find_anchors(page):
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def run_shown_commands(page, folder):
    """Runs our programs' commands in a page's bash blocks, by `STUBS`, in a folder.

    Returns:
      The words of each command.
    """
    blocks = "".join(re.findall(r"(?ms)^```bash\n(.*?)^```", page.read_text()))
    lines = blocks.replace("\\\n", " ").splitlines()
    script = STUBS + "\n".join(line for line in lines if re.match(r"foi-|run=", line))
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    return [shlex.split(line) for line in done.stdout.splitlines()]


def find_program(words):
    """Returns the program of a command, and the command's arguments."""
    name, *arguments = words
    module = importlib.import_module(f"foi_tf.bin.{name.removeprefix('foi-')}")
    if name == "foi-weights":
        return module.PROGRAMS[arguments[0]], arguments[1:]
    return module.PROGRAM, arguments


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_links_lead_somewhere(page):
    for path, anchor in find_links(page):
        there = page.parent / path if path else page
        assert there.exists(), path
        if anchor:
            assert anchor in find_anchors(there), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_programs_accept_the_commands_that_are_shown(page, tmp_path):
    for words in run_shown_commands(page, tmp_path):
        program, arguments = find_program(words)
        values = program.make_flags()
        if "..." in arguments:  # Cut short, so that flags that are required may be missing.
            known = {argument.split("=")[0].lstrip("-") for argument in arguments} - {"..."}
            assert known <= set(values), words
        else:
            assert len(values([program.name, *arguments])) == 1, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_programs_know_the_flags_that_text_mentions(page):
    for command in re.findall(r"`(foi-[a-z]+ [^`]*)`", page.read_text()):
        words = command.split()
        if words[0] == "foi-weights" and words[1] not in ("import", "export"):
            continue
        program, arguments = find_program(words)
        flags = {word.split("=")[0] for word in arguments if word.startswith("--")}
        assert {flag[2:] for flag in flags} <= {*program.make_flags(), "help"}, command


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 1500
