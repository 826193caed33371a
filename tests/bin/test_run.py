import dataclasses
import io
import json
import signal
import subprocess
import sys
import time

import pytest

from foi_tf.bin import plan, rates, run
from foi_tf.bin._shared.program import BUSY, DONE, Program
from foi_tf.chains import train_session
from foi_tf.study import results
from tests import tiny_backbone
from tests.bin.conftest import CONFIG, error, misuse


@pytest.fixture(name="together")
def _together(call, monkeypatch):
    """Runs lines in one foi-run."""

    def together(*lines, **flags):
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n"))
        return call(run, **flags)

    return together


@pytest.fixture(name="flags")
def _flags(blocks, tmp_path, monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    (tmp_path / "c.yaml").write_text(CONFIG)
    return f"--data_dir={blocks} --workdir={tmp_path}/work --config={tmp_path}/c.yaml " + (
        "--backbone=hrnet_mini"
    )


@pytest.mark.slow
def test_commands_run_one_after_another_and_share_their_step(
    together, flags, blocks, tmp_path, monkeypatch
):
    sources = [f"foi-source {flags} --source=blocks:segmentation --init=scratch --seed={seed}"
               for seed in (0, 1)]  # fmt: skip
    code, out, _ = together(*sources)
    made = [json.loads(line)["directory"] for line in out.splitlines()]
    assert code == 0 and len(made) == 2
    sessions = []
    make = train_session.TrainSession.__init__
    monkeypatch.setattr(
        train_session.TrainSession, "__init__", lambda *given: sessions.append(make(*given))
    )
    target = f"foi-target {flags} --target=blocks:segmentation --source=blocks:segmentation"
    code, out, _ = together(*(f"{target} --source_weights={directory}" for directory in made))
    assert code == 0 and len(out.splitlines()) == 2 and len(sessions) == 1
    assert len(results.load(tmp_path / "work/results")) == 4


@pytest.mark.slow
def test_flags_of_one_command_are_not_those_of_the_next(together, flags, tmp_path):
    first = f"foi-target {flags} --target=blocks:segmentation --source=scratch"
    code, out, err = together(f"{first} --seed=3", first, f"{first} --target", first)
    seeds = [json.loads(line)["seed"] for line in out.splitlines()]
    assert (code, seeds) == (1, [3, 0, 0])
    assert err.splitlines()[-1] == "foi-run: error: 1 command failed; see above"
    assert any(line.startswith("foi-run: exit code 2 of: foi-target") for line in err.splitlines())


def test_a_busy_link_is_tried_again_after_the_others(together, monkeypatch):
    codes = iter([BUSY, DONE, DONE])
    called = []

    def call(program, arguments):
        if program.name == "foi-run":
            return real_call(program, arguments)
        called.append((program.name, *arguments))
        return next(codes)

    real_call = Program.call
    monkeypatch.setattr(Program, "call", call)
    assert together("foi-source a", "foi-source b", retry=0)[0] == 0
    assert called == [("foi-source", "a"), ("foi-source", "b"), ("foi-source", "a")]


def test_wrong_lines_are_named_before_anything_runs(together, flags, tmp_path):
    good = f"foi-target {flags} --target=blocks:segmentation --source=scratch"
    assert "stdin, line 2: unknown program 'foi-traget'; did you mean 'foi-target'" in error(
        together(good, "foi-traget --seed=1")
    )
    assert "stdin, line 1: not a shell command" in error(together("foi-target 'a"))
    assert "--retry" in misuse(together("", retry=-1))
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_a_signal_ends_all_commands(flags, tmp_path):
    """For interrupts see test_interrupts.py."""
    (tmp_path / "c.yaml").write_text(CONFIG.replace("steps: 3", "steps: 20000"))
    program = (
        "from tests import tiny_backbone; tiny_backbone.use_tiny_backbone(); "
        "from foi_tf.bin import run; run.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    command = f"foi-target {flags} --target=blocks:segmentation --source=scratch"
    command += " --steps_per_loop=5 --checkpoint_every=5"
    process.stdin.write("".join(f"{command} --seed={seed}\n" for seed in (0, 1)))
    process.stdin.close()
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("work/links/*/checkpoints/ckpt-*.index")):
        assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    said = process.stderr.read()
    assert process.wait() == 143, said
    assert "foi-run: exit code" not in said and "the same command goes on" in said
    assert len(list(tmp_path.glob("work/links/*"))) == 1


@pytest.mark.slow
def test_a_plan_of_baselines_gives_a_configuration_with_rates(
    call, together, flags, blocks, bricks, tmp_path
):
    weights = together(f"foi-source {flags} --source=blocks:segmentation --init=scratch")[1]
    init = json.loads(weights)["directory"] + "/weights"
    given = dict(flag.removeprefix("--").split("=") for flag in flags.split())
    own = given | {"collection": "own", "init": init, "baselines": "true"}
    code, out, err = call(plan, **own, select_lr="validation", pairs="within_type")
    assert code == 0, err
    code, _, err = together(*out.splitlines())
    assert code == 0, err
    path = tmp_path / "rates.yaml"
    said = call(rates, results=tmp_path / "work/results", config=given["config"], out=path)
    assert said[0] == 0, said
    assert [line.split("\t")[0] for line in said[1].splitlines()] == [
        "target", "blocks:segmentation", "bricks:segmentation",
    ]  # fmt: skip
    assert call(plan, **own | {"config": path})[0] == 0
    missing = call(rates, results=tmp_path / "none", config=given["config"], out=path)
    assert "no such directory" in error(missing)


@pytest.mark.slow
def test_a_defect_does_not_take_the_other_commands_along(together, flags, monkeypatch):
    def broken(*_, **__):
        raise ValueError("a defect")

    first = f"foi-target {flags} --target=blocks:segmentation --source=scratch"
    defective = dataclasses.replace(run.PROGRAMS["foi-source"], run=broken)
    monkeypatch.setitem(run.PROGRAMS, "foi-source", defective)
    code, out, err = together(f"foi-source {flags} --source=blocks:segmentation", first)
    assert code == 1 and len(out.splitlines()) == 1
    assert "ValueError: a defect" in err and "foi-run: exit code 1 of: foi-source" in err
    assert err.splitlines()[-1] == "foi-run: error: 1 command failed; see above"
