"""README and docs: links lead somewhere, and everything that is shown is accepted as written."""

import ast
import contextlib
import importlib
import inspect
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import textwrap

import pytest
from absl import flags

import foi_tf as foi

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
PAGES += sorted(ROOT.glob("studies/*.md"))
# Files whose comments and docstrings show commands.
SHOWING = [*ROOT.glob("foi_tf/bin/*.py"), *ROOT.glob("configs/*.yaml"), *ROOT.glob("launch/*.sh")]
SHOWING += ROOT.glob("benchmarks/*.py")
# In place of programs, which are not on this shell's PATH: each command is written down.
STUBS = """
PATH=/none
record() { printf -v line '%q ' "$@"; echo "$line" >&3; }  # One write, as pipes run at once.
command_not_found_handle() { record "$@"; }
source() { record source "$@"; }
exec 3>&1 >/dev/null
"""
INSTALLED = ("pip", "ruff", "mypy", "python3.13")  # Not ours: flags are not checked.


def parametrize_by_file(files):
    """Runs a test for each file, under the name of the file and its folder."""
    names = [f"{file.parent.name}/{file.stem}" for file in files]
    return pytest.mark.parametrize("page", files, ids=names)


def find_links(page):
    """Returns (path, anchor) of each link of a page within the repository; either may be empty."""
    found = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text())
    return [(path, anchor) for path, anchor in found if "://" not in path]


def find_anchors(page):
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def find_blocks(page, language):
    """Returns the fenced blocks of a language, without the indentation of lists."""
    pattern = rf"(?ms)^( *)```{language}\n(.*?)^\1```"
    return [textwrap.dedent(text) for _, text in re.findall(pattern, page.read_text())]


def record_commands(page, folder):
    """Runs a page's bash blocks with `STUBS` in a folder; returns the words of each command."""
    script = STUBS + "".join(find_blocks(page, "bash")).replace(".venv-3.11/bin/", "")
    done = subprocess.run(
        [shutil.which("bash"), "-c", script], cwd=folder, capture_output=True, text=True,
        check=False, env={"HOME": str(folder)},
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return [shlex.split(line) for line in done.stdout.splitlines()]


def find_program(words):
    """Returns the program of a command, and the command's arguments."""
    name, *arguments = words
    module = importlib.import_module(f"foi_tf.bin.{name.removeprefix('foi-')}")
    if name == "foi-weights":
        subcommand, *others = arguments
        return module.PROGRAMS[subcommand], module.name_arguments(subcommand, others)
    return module.PROGRAM, arguments


def check_program(words):
    """Parses a command by the flags of its program."""
    program, arguments = find_program(words)
    values = program.make_flags()
    if "..." in arguments:  # Cut short, so that flags that are required may be missing.
        known = {argument.split("=")[0].lstrip("-") for argument in arguments} - {"..."}
        assert known <= set(values), words
    else:
        assert len(values([program.name, *arguments])) == 1, words


def check_script(words):
    """Parses a call of a script: its own flags, and those that it hands to foi-plan."""
    _, path, *arguments = words
    script = (ROOT / path).read_text()
    own = re.search(r'(?m)^parse_flags "(.+)" "\$@"$', script)
    if own and path != "launch/study.sh":
        names = {"plan", "dry_run", *re.findall(r"(\w+)=", own[1])}
        others = [word for word in arguments if word[2:].split("=")[0] not in names]
        check_program(["foi-plan", *others])
    elif path == "launch/test.sh":
        for word in arguments:
            assert word.startswith("-") or not word.startswith("tests") or (ROOT / word).exists()
    else:
        known = re.findall(r"--\w+", script)
        assert all(word in known for word in arguments if word.startswith("-")), words


def name_flags(words):
    """Returns the names of the flags in a command."""
    return {word[2:].split("=")[0] for word in words if re.match(r"--\w", word)}


def find_script(words):
    """Returns the file that a command of `bash` or `python` runs."""
    path = f"{words[2].replace('.', '/')}.py" if words[1] == "-m" else words[1]
    assert (ROOT / path).exists(), words
    return ROOT / path


def find_script_flags(script):
    """Returns the names of the flags that a script of ours takes."""
    text = script.read_text()
    if script.suffix == ".py":
        modules = [
            script.with_name(f"{name}.py") for name in re.findall(r"(?m)^import (\w+)$", text)
        ]
        text += "".join(module.read_text() for module in modules if module.exists())
        return set(re.findall(r"""(?:DEFINE_\w+\(|"--)\s*"?(\w+)\"""", text)) | {"help"}
    names = {*re.findall(r"--(\w+)", text), "plan", "dry_run", "help"}
    own = re.search(r'(?m)^parse_flags "(.+)" "\$@"$', text)
    if not own or script.name == "study.sh":
        return names
    program, _ = find_program(["foi-plan"])
    return {*names, *re.findall(r"(\w+)=", own[1]), *program.make_flags()}


def check_command(words):
    """Checks a command of a bash block; every kind of command that is shown has a check."""
    if words[0].startswith("foi-"):
        check_program(words)
    elif words[0] == "bash":
        check_script(words)
    elif words[0] == "python":
        assert name_flags(words) <= find_script_flags(find_script(words)), words
    else:
        assert words[0] in ("source", *INSTALLED), words
        paths = [word for word in words if word.endswith(".txt")]
        assert all((ROOT / path).exists() for path in paths), words


def find_mentioned(text):
    """Returns the words of each command of ours in prose, a comment or a docstring."""
    text = re.sub(r"\\+\n[#\s]*", " ", text)
    ours = r"(?:foi-[a-z]+|bash launch/|python benchmarks/|python -m studies\.)"
    found = re.findall(rf"`({ours}[^`]*)`|(?m:^[# ]+({ours}.*))", text)
    commands = (command.strip("[]") for pair in found for command in pair)
    parts = (part.strip() for command in commands for part in command.split(" | "))
    return [part.replace("[", " ").split() for part in parts if re.match(rf"{ours}.* .*--", part)]


def check_import(node, shown):
    """Imports what a statement imports, but for classes that the page itself shows."""
    module = importlib.import_module(node.module)
    for name in (alias.name for alias in node.names):
        if not hasattr(module, name) and f"class {name}(" not in shown:
            importlib.import_module(f"{node.module}.{name}")


def check_attributes(tree):
    """Looks names up in the modules of ours that a block imports, as `image_files.read_labels`."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("foi_tf"):
            for name in (alias.name for alias in node.names):
                with contextlib.suppress(ImportError):
                    modules[name] = importlib.import_module(f"{node.module}.{name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            assert hasattr(modules[ast.unparse(node.value)], node.attr), ast.unparse(node)


def check_call(node):
    """Binds a call of the front door to the arguments of its function."""
    given = {word.arg: word.value for word in node.keywords if word.arg}
    signature = inspect.signature(getattr(foi, node.func.attr))
    cut = any(word.arg is None for word in node.keywords)  # As in `**run`.
    (signature.bind_partial if cut else signature.bind)(*node.args, **given)


@parametrize_by_file(PAGES)
def test_links_lead_somewhere(page):
    for path, anchor in find_links(page):
        there = page.parent / path if path else page
        assert there.exists(), path
        if anchor:
            assert anchor in find_anchors(there), f"{path}#{anchor}"


@parametrize_by_file(PAGES)
def test_programs_and_scripts_accept_the_commands_that_are_shown(page, tmp_path):
    for words in record_commands(page, tmp_path):
        check_command(words)


@parametrize_by_file(PAGES + SHOWING)
def test_programs_know_the_flags_that_text_mentions(page):
    for words in find_mentioned(page.read_text()):
        if words[0] in ("bash", "python"):
            given = name_flags(word.strip("];,") for word in words)
            assert given <= find_script_flags(find_script(words)), words
            continue
        if words[0] == "foi-weights" and words[1] not in ("import", "export"):
            continue
        program, arguments = find_program(words)
        mentioned = set(re.findall(r"--([a-z_]+)", " ".join(arguments)))
        assert mentioned <= {*program.make_flags(), "help"}, words


@parametrize_by_file(PAGES)
def test_python_that_is_shown_calls_what_there_is(page):
    for block in find_blocks(page, "python"):
        try:
            tree = ast.parse(block)
        except SyntaxError:  # Rows of a table.
            tree = ast.parse("{" + block + "}")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("foi_tf"):
                check_import(node, page.read_text())
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("foi."):
                check_call(node)
        check_attributes(tree)


@parametrize_by_file([ROOT / "README.md", ROOT / "docs/api.md"])
def test_python_that_is_shown_defines_what_it_uses(page):
    """Blocks of a page follow on each other; ruff finds names that none of them defines."""
    code = "".join(find_blocks(page, "python"))
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--select=F821", "-"]
    found = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert found.returncode == 0 and code.count("foi.") > 5, found.stdout


def test_commands_are_not_taken_for_others(tmp_path):
    """The checks themselves: each of these is wrong."""
    (tmp_path / "page.md").write_text("```bash\nfoi-run && ./program\n```\n")
    with pytest.raises(AssertionError):
        record_commands(tmp_path / "page.md", tmp_path)
    for wrong in (
        "foi-target --target=camvid:segmentation", "foi-target --no_such=1 ...", "rm -r work",
        "bash launch/sweep_local.sh --no_such=2", "bash launch/docs.sh --no_such",
        "bash launch/test.sh tests/no_such", "python docs/no_such.py", "pip install -c no_such.txt",
        "python benchmarks/xla_steps.py --size=64 --no_such=1",
        "python -m studies.readme --no_such",
    ):  # fmt: skip
        with pytest.raises((AssertionError, OSError, flags.Error)):
            check_command(wrong.split())
    assert find_mentioned("#   foi-plan --a=1 \\\n#     --b | foi-run --c\n") == [
        ["foi-plan", "--a=1", "--b"], ["foi-run", "--c"],
    ]  # fmt: skip
    assert find_mentioned("  python benchmarks/x.py [--a=P --b]\n`bash launch/x.sh --c`\n") == [
        ["python", "benchmarks/x.py", "--a=P", "--b"], ["bash", "launch/x.sh", "--c"],
    ]  # fmt: skip


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 1500
