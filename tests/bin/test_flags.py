"""Checks what all programs share: --help, the forms of sizes, old names of flags."""

import importlib
import pkgutil
import re

import pytest
from absl import flags

import foi_tf.bin
from foi_tf.bin import run
from foi_tf.bin._shared import help_text, renamed_flags, size_flag
from foi_tf.bin._shared.program import Program
from tests.bin.conftest import misuse


def all_programs():
    """Yields every program, and every subcommand as a program of its own."""
    for _, name, _ in pkgutil.iter_modules(foi_tf.bin.__path__):
        module = importlib.import_module(f"{foi_tf.bin.__name__}.{name}")
        if hasattr(module, "main"):
            found = getattr(module, "PROGRAMS", {}) if name == "weights" else {}
            yield from found.values() or [module.PROGRAM]


PROGRAMS = {program.name: program for program in all_programs()}


def listed(text):
    return re.findall(r"^  --(?:\[no\])?(\w+):(?: |$)", text, re.MULTILINE)


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_lists_every_flag_that_is_accepted(call, name):
    program = PROGRAMS[name]
    values = program.make_flags()
    code, full, err = call(program, "--help")
    assert (code, err) == (0, "") and full.startswith(f"{name}: ")
    assert listed(full) == [
        *(flag for flag in values if flag != "debug"), "debug", "flagfile", "undefok", "help",
    ]  # fmt: skip
    for spelling in ("--help=short", "--helpshort"):
        code, short, _ = call(program, spelling)
        assert code == 0 and short.splitlines()[0] == program.usage.strip().splitlines()[0]
        assert listed(short) == [flag for flag in values if flag != "debug"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_says_what_each_flag_does(name):
    values = PROGRAMS[name].make_flags()
    for flag in values:
        text = values[flag].help.removeprefix("<").split(">: ", 1)[-1]
        assert text[0].isupper() and text.rstrip().endswith((".", ")")), f"--{flag}: {text}"
        assert not text.startswith(("Of ", "What of", "Only ", "Where ")), f"--{flag}: {text}"


def test_flags_of_one_call_are_not_those_of_the_next():
    program = run.PROGRAMS["foi-source"]
    first, second = program.make_flags(), program.make_flags()
    first.seed = 3
    assert second["seed"].default == 0 and second["seed"].value == 0


def make(define):
    """Returns a program that prints the value of its flag `new`."""
    return Program("foi-test", "foi-test: a test.", define, lambda values: print(values.new))


@pytest.mark.parametrize("written", ["48x64", "48,64"])
def test_both_forms_of_a_size_are_accepted(call, written):
    sized = make(lambda values: size_flag.define_size(values, "new", "a size."))
    assert call(sized, new=written) == (0, "(48, 64)\n", "")
    assert size_flag.format_size((48, 64)) == "48x64"


def test_no_size_and_a_wrong_size(call):
    sized = make(lambda values: size_flag.define_size(values, "new", "a size."))
    assert call(sized)[:2] == call(sized, new="")[:2] == (0, "None\n")
    for wrong in ("48", "48x", "0x64", "48x64x3", "-48,64", "48;64"):
        assert "must be HEIGHTxWIDTH in pixels, as 512x512" in misuse(call(sized, new=wrong))


def define_renamed(values):
    flags.DEFINE_string("new", "", "The new name.", flag_values=values)
    renamed_flags.define_old_name(values, "old", "new")


def test_an_old_name_of_a_flag_is_accepted_with_a_note(call):
    renamed = make(define_renamed)
    assert call(renamed, new="x") == (0, "x\n", "")
    assert call(renamed, old="x") == (0, "x\n", "--old is deprecated, use --new\n")
    assert "Deprecated, use --new." in call(renamed, "--help")[1]


def test_the_license_may_be_spelled_as_before():
    values = PROGRAMS["foi-weights export"].make_flags()
    values(["foi-weights", "--init=a", "--out=b", "--licence=MIT"])
    assert values.license == "MIT"


@pytest.mark.parametrize(
    "wrong", ["--no_such=1", "--nodebug=1", "stray", "--new", "--flagfile=/none"]
)
def test_wrong_usage_is_one_line(call, wrong):
    assert "foi-test: " in misuse(call(make(define_renamed), wrong))


def test_forms_of_help():
    forms = {
        "--help": "full", "-h": "full", "--helpfull": "full", "--help=full": "full",
        "--help=short": "short", "--helpshort": "short", "--helpless": None, "--name=--help": None,
    }  # fmt: skip
    for argument, form in forms.items():
        assert help_text.requested_form(["--x=1", argument]) == form, argument
