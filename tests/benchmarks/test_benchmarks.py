"""Runs every benchmark at its smallest size; the numbers that it prints mean nothing there."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from benchmarks.figures import QUICK
from tests import preloaded, tiny_backbone

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
PLAIN_PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
NETWORK = ("--backbone=hrnet_mini", "--size=64")
# Arguments of the smallest run, and a text that the output has to match.
CASES = {
    "claims": (["--studies=1", "--draws=10", "--datasets=8"], r"8 datasets +A9.*\nlargest"),
    "convert": (QUICK["convert"], r"camvid +\d+"),
    "detection_evaluation": (
        QUICK["detection_evaluation"],
        r"link +[\d.]+ s(.|\n)*map .* by 0\.0e\+00\n.*both .* 0\.0e\+00\n.* by 0\.0e\+00\n$",
    ),
    "distance": (QUICK["distance"], r"[\d.]+ s"),
    "factors": (["--draws=2", "--resamples=9", "--grids=4x5"], r"4x5 +distance +\d"),
    "first_step": (QUICK["first_step"], r"ratio"),
    "gpu": (
        [
            "--backbone=hrnet_mini",
            "--side=64",
            "--batch=2",
            "--seconds=0",
            "--steps_per_loop=1",
            "--precisions=float32",
        ],
        r'(?s)"kind": "[cg]pu".*"deterministic": true,.*"fed_images_per_second": [\d.]+.*"loss": ',
    ),
    "growth": (QUICK["growth"], r"plan +\d\.\d+ +\d\.\d+  100: "),
    "inference": (QUICK["inference"], r"foi_tf +float32"),
    "input": (QUICK["input"], r"image streamed.*ratio"),
    "keypoint_limit": (
        ["--targets=dogs", "--images=8", "--seeds=1", "--steps=1", "--size=32"],
        r"dogs:keypoints +0( +\d\.\d+){3} +\d+\.\d%",
    ),
    "keras_applications": (
        ["--names=MobileNetV3Small"],
        r"MobileNetV3Small: .* differs by \S+, lowers, static, losses",
    ),
    "link_start": (QUICK["link_start"], r"first step after [\d.]+ s, [\d.]+ s of CPU time"),
    "lowering": ([*NETWORK, "--task_types=depth"], r"depth +eval +lowers, static"),
    "overlap": (["400"], r"wrong +\d+ pairs"),
    "race": (["--draws=1", "--study=real"], r"cost +\d+\.\d+ +\d+"),
    "report": (QUICK["report"], r"60 rows: [\d.]+ s"),
    "scale_out": (
        QUICK["scale_out"],
        r"chunks +14 links, 14 rows in .* 0\.0% of 14 leases.*\nleave +14 links, 14 rows in",
    ),
    "segmentation_head": (
        ["--targets=camvid", "--images=8", "--seeds=1", "--steps=1", "--size=32"],
        r"camvid:segmentation +0\.1 +0\.\d+ +0\.\d+ [+-]0\.",
    ),
    "shutdown": (["--repeats=5", "--seconds=0.02"], r"longest"),
    "step_profile": (
        [*NETWORK, "--steps=1"],
        r"GFLOP/s\n\d+ operations, (.|\n)*batch norm and its gradient +\d+\.\d%",
    ),
    "study_throughput": (QUICK["study_throughput"], r"now +4 links +\d+ an hour"),
    "startup": (QUICK["startup"], r"foi-weights +[\d.]+ s"),
    "train_step": ([*QUICK["train_step"], "--rematerialize"], r"again +bfloat16"),
    "xla_steps": (["--backbone=hrnet_mini", "--size=64", "--task_types=depth"], r"all within"),
    "weights": (["hrnet_mini", "old.pth"], r"old\.pth +\d+ MB"),
}
# These compare with PyTorch and timm, which the project does not install.
WITH_TORCH = {
    "efficientnet_lite": (["--variants=0"], r"Lite0 224x224 +logits +\S+\nLite0 128x128"),
    "parity": (["--widths=18"], r"W18 .* features"),
    "model_card": (["--widths=18"], r"W18 features +\S+\nW18 logits +\S+\n$"),
    "torch_step": (["hrnet_w18", "32", "float32", "1"], r'"seconds"'),
    "torch_inference": (["hrnet_w18", "32", "float32", "1"], r"\["),
}
# Started by other benchmarks; or tested below, or beside what they are about: `repeat` in
# tests/bin, `storage` in tests/chains, `uncertainty` in tests/analysis, `screening` in
# test_screening.py. `kill` takes minutes at its smallest; tests/test_sweep.py kills workers once.
ELSEWHERE = {"tensorflow_step", "tensorflow_inference", "torch_reference", "workers", "figures"}
ELSEWHERE |= {"all", "repeat", "storage", "uncertainty", "kill", "screening"}
ELSEWHERE |= {"efficientnet_lite_reference", "simulated_studies", "stand_ins"}
ELSEWHERE |= {"virtual_time"}


# With the tiny backbone in place of hrnet_mini.
TINY = {"first_step", "gpu", "inference", "keypoint_limit", "lowering", "segmentation_head"}
TINY |= {"link_start", "step_profile", "study_throughput", "train_step", "xla_steps"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_it_runs(name, monkeypatch):
    """Runs it as its docstring says."""
    arguments, expected = CASES[name]
    monkeypatch.chdir(ROOT)
    # Of the processes that it starts itself.
    monkeypatch.setenv("PYTHONPATH", tiny_backbone.put_on_path() if name in TINY else PLAIN_PATH)
    code, out, err = preloaded.run_file(FOLDER / f"{name}.py", arguments, tiny=name in TINY)
    assert code == 0, out + err
    assert re.search(expected, out)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TORCH)
def test_it_runs_beside_torch(name):
    python = os.environ.get("FOI_TORCH_PYTHON")
    if not python:
        pytest.skip("needs PyTorch and timm: set FOI_TORCH_PYTHON to an interpreter with both")
    arguments, expected = WITH_TORCH[name]
    if name in ("parity", "model_card", "efficientnet_lite"):
        arguments, python = [*arguments, f"--torch_python={python}"], sys.executable
    done = subprocess.run(
        [python, str(FOLDER / f"{name}.py"), *arguments], cwd=ROOT, capture_output=True,
        text=True, check=False, env=os.environ | {"PYTHONPATH": PLAIN_PATH},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(expected, done.stdout)


def test_every_benchmark_is_known():
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert names == {*CASES, *WITH_TORCH, *ELSEWHERE}


@pytest.mark.slow
def test_table_has_what_ran_and_names_what_failed(tmp_path):
    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- The table of benchmarks/all.py. -->\n\nold\n"
                    "<!-- The end of the table. -->\nafter\n")  # fmt: skip
    command = [sys.executable, FOLDER / "all.py", "--quick", "--only=lost,distance"]
    done = subprocess.run(
        [*command, f"--page={page}"], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": PLAIN_PATH},
    )  # fmt: skip
    assert done.returncode == 1 and "lost failed: " in done.stderr
    head, row = re.fullmatch(
        r"before\n<!.*>\n\n(.*)\n\|-.*\n(.*)\n\n<!.*>\nafter\n", page.read_text()
    ).groups()
    assert head.split("|")[2:5] == [" ours ", " peer or limit ", " ratio "]
    ours, peer, ratio = row.replace("*", "").replace(" s ", " ").split("|")[2:5]
    assert float(ratio) == pytest.approx(float(ours) / float(peer), rel=0.02)
    (kept,) = json.loads(page.with_suffix(".json").read_text())["distance"]["figures"]
    assert kept["ours"] == pytest.approx(float(ours), rel=0.01)
