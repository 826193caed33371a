import codecs
import time

import pytest

from foi_tf import parsing
from foi_tf.errors import FoiError


@pytest.mark.parametrize(
    "data",
    [
        "é,1".encode(),
        codecs.BOM_UTF8 + "é,1".encode(),
        "é,1".encode("utf-16"),
        codecs.BOM_UTF16_BE + "é,1".encode("utf-16-be"),
    ],
)
def test_text_is_read_in_the_codings_of_spreadsheets(data):
    assert parsing.decode_text(data) == "é,1"


def test_other_text_is_refused_with_the_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("one\ntwo\ndrei é".encode("cp1252"))
    with pytest.raises(FoiError, match=r"a\.csv: line 3 is not text in UTF-8; save the file as"):
        parsing.read_text(path)
    with pytest.raises(FoiError, match=r"none: the file cannot be read \(No such file"):
        parsing.read_text(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN, which is no number"),
        ('{"a": -Infinity}', "-Infinity, which is no number"),
        ('{"a": 1e999}', "1e999, which is too large"),
        ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' is given twice"),
        ('"\\ud800"', "half of a surrogate pair"),
        ("[" * 200_000, "nested too deep"),
        ("{", "Expecting property name"),
        (b'{"a": "\xff"}', "can't decode"),
    ],
)
def test_json_beyond_the_standard_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        parsing.parse_json(text)


def test_json_is_read_as_ever():
    assert parsing.parse_json('{"a": [1, -2.5e3, "\\u00e9", null, true]}') == {
        "a": [1, -2500.0, "é", None, True]
    }


def test_yaml_has_the_scalars_of_version_1_2():
    text = "{a: 1e-3, b: no, c: 010, d: 1:30, e: -2, f: true, g: ~, h: 2001-01-01, i: .5, j: }"
    assert parsing.parse_yaml(text) == {
        "a": 0.001, "b": "no", "c": "010", "d": "1:30", "e": -2, "f": True, "g": None,
        "h": "2001-01-01", "i": 0.5, "j": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 1: 'a' is given twice"),
        ("a: &x [*x]", "line 1: an alias within its own value"),
        ("[" * 5000, "nested too deep"),
        ("- " * 5000, "nested too deep"),
        ("a: " + "9" * 5000, "digits"),
        ("a: !!timestamp x", "NoneType"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: [", "line 1: "),
        ("x" * 300_000, "longer than"),
        ("a: \x00", "special characters"),
    ],
)
def test_other_yaml_is_refused_in_one_line(text, said):
    with pytest.raises(ValueError, match=said) as raised:
        parsing.parse_yaml(text)
    assert "\n" not in str(raised.value)


def test_aliases_may_repeat_and_not_multiply():
    assert parsing.parse_yaml("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    started = time.monotonic()
    with pytest.raises(ValueError, match="more than 100000 values, with aliases"):
        parsing.parse_yaml("\n".join(lines))
    assert time.monotonic() - started < 5
