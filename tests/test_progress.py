import sys
import types

from foi_tf import progress


def test_plain_lines_elsewhere_than_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_LINE_EVERY", 0.0)
    assert list(progress.track("abc", "letters", 3, unit="letter")) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"letters: {i}/3 letters" for i in (1, 2, 3)]
    assert captured.out == ""


def test_now_and_then_only_and_at_the_end(capsys):
    with progress.Progress("run", 5) as shown:
        for step in range(5):
            shown.update(loss=0.5 / (step + 1))
    assert capsys.readouterr().err.splitlines() == ["run: 5/5 steps loss=0.1"]


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress.Progress("run", 2) as shown:
        shown.update(2, loss=0.25)
    err = capsys.readouterr().err
    assert "run" in err and "2/2" in err and "100%" in err


def test_the_end_is_told_once(capsys):
    with progress.Progress("run", 2) as shown:
        shown.update(2)
        shown.update(0)
    assert capsys.readouterr().err == "run: 2/2 steps\n"


def test_a_bar_in_a_notebook(capsys, monkeypatch):
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    made = []
    auto = types.SimpleNamespace(
        tqdm=lambda **given: made.append(given) or progress.tqdm.tqdm(**given)
    )
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    with progress.Progress("run", 2) as shown:
        shown.update(2)
    assert made == [{"desc": "run", "total": 2, "unit": "step"}]
    assert "2/2" in capsys.readouterr().err
    shell.config = {"TerminalIPythonApp": {}}
    with progress.Progress("run", 2) as shown:
        shown.update(2)
    assert len(made) == 1 and capsys.readouterr().err == "run: 2/2 steps\n"


def test_plain_lines_tell_the_rate_and_the_time_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "PLAIN_LINE_EVERY", 15.0)
    with progress.Progress("run", 500) as shown:
        for seconds in (60, 20, 20):  # Tracing comes before the first steps.
            now[0] += seconds
            shown.update(100)
        now[0] += 40
        shown.update(200)
    assert capsys.readouterr().err.splitlines() == [
        "run: 100/500 steps",
        "run: 200/500 steps (5 steps/s, 60 s left)",
        "run: 300/500 steps (5 steps/s, 40 s left)",
        "run: 500/500 steps",
    ]
