"""The programs as a user meets them: exit codes, one line of error, nothing left behind."""

import ast
import importlib
import json
import pathlib
import pkgutil
import resource
import subprocess
import sys

import numpy as np
import pytest
from etils import epath

import foi_tf.bin
from foi_tf.bin import plan, prepare, pretrain, source, target
from foi_tf.chains import lease
from foi_tf.errors import FoiError
from foi_tf.study import image_statistics, results
from tests import raw_folders, tiny_backbone
from tests.bin.conftest import CONFIG, error, misuse
from tests.training import cluster

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(foi_tf.bin.__path__)
    if hasattr(importlib.import_module(f"{foi_tf.bin.__name__}.{name}"), "main")
)


@pytest.fixture(name="flags")
def _flags(blocks, tmp_path, monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    (tmp_path / "c.yaml").write_text(CONFIG)
    return {
        "data_dir": blocks, "workdir": tmp_path / "work", "config": tmp_path / "c.yaml",
        "backbone": "hrnet_mini",
    }  # fmt: skip


def in_process(program, given):
    """Returns the command that runs a program with the tiny backbone in a process of its own."""
    code = (
        "from tests import tiny_backbone; tiny_backbone.use_tiny_backbone(); "
        f"from foi_tf.bin import {program}; {program}.main()"
    )
    return [sys.executable, "-c", code, *(f"--{name}={value}" for name, value in given.items())]


def check_images(directory):
    """Checks that the images beside each row, and beside nothing else, give its value."""
    found = image_statistics.find_statistics(directory)
    rows = results.load(directory).to_dict("records")
    assert sorted(found) == sorted(map(results.row_digest, rows))
    for row in rows:
        kept = image_statistics.read_statistics(found[results.row_digest(row)])
        assert len(kept.images) == 5
        assert kept.values(row["metric"], np.ones(5)) == pytest.approx(row["value"], rel=1e-9)


@pytest.mark.slow
def test_a_chain_end_to_end(call, flags):
    code, out, _ = call(source, **flags, source="blocks:segmentation", init="scratch")
    assert code == 0
    made = json.loads(out)
    assert made["chain"] == ["scratch", "blocks:segmentation"]
    code, out, err = call(
        target, **flags, source="blocks:segmentation", target="blocks:segmentation",
        source_weights=made["directory"],
    )  # fmt: skip
    assert code == 0 and "Traceback" not in err
    assert json.loads(out)["chain"] == ["scratch", "blocks:segmentation", "blocks:segmentation"]
    assert call(target, **flags, source="scratch", target="blocks:segmentation")[0] == 0
    frame = results.load(flags["workdir"] / "results")
    assert sorted(zip(frame.source, frame.setting, frame.steps, strict=True)) == [
        ("blocks", "small", 2), ("scratch", "full", 3), ("scratch", "small", 2),
    ]  # fmt: skip
    assert frame.n_source.max() == 12 and (frame.target_domain == "aerial").all()
    check_images(flags["workdir"] / "results")


@pytest.mark.slow
def test_a_set_of_sources_and_a_selected_rate(call, flags, bricks):
    """A target from two sources in turn, its rate chosen on images held out."""
    images = len(bricks.ids["train"]) + 12
    flags["config"].write_text(CONFIG.replace("  crop", "  rate_factors: [0.5, 1]\n  crop"))
    tasks = "blocks:segmentation+bricks:segmentation"
    code, out, _ = call(source, **flags, source=tasks, init="scratch", setting="small_source")
    made = json.loads(out)
    assert code == 0 and made["chain"] == ["scratch", "blocks+bricks:segmentation"]
    assert "bricks:segmentation/miou" in made["metrics"]
    assert not (flags["workdir"] / "results").exists()
    given = {"source": tasks, "source_weights": made["directory"], "target": "blocks:segmentation"}
    code, out, _ = call(target, **flags, **given, select_lr="holdout")
    assert code == 0
    (row,) = results.load(flags["workdir"] / "results").to_dict("records")
    assert row["source"] == "blocks+bricks" and row["source_type"] == "segmentation"
    assert row["source_domain"] == "" and row["n_source"] == images and row["n_target"] == 12
    assert row["selection"] == "holdout"
    check_images(flags["workdir"] / "results")
    tried = {float(rate): value for rate, value in json.loads(row["candidates"]).items()}
    assert set(tried) == {0.025, 0.05} and tried[row["learning_rate"]] == max(tried.values())
    # Two candidates and the link that was then trained on all images.
    assert len(list((flags["workdir"] / "links").glob("blocks.segmentation-*"))) == 3

    flags["config"].write_text(CONFIG.replace("batch_size: 4", "batch_size: 8"))
    said = error(call(target, **flags, **given))
    assert "begun with other settings (" in said and "schedule.batch_size was 4, now 8" in said


@pytest.mark.slow
def test_a_fixed_input_size_and_a_source_from_other_initial_weights(call, flags):
    task = "blocks:segmentation"
    code, out, _ = call(source, **flags, source=task, init="scratch", setting="small_source")
    assert code == 0
    weights = f"{json.loads(out)['directory']}/weights"
    fixed = flags | {"workdir": flags["workdir"] / "fixed", "crop": "44,36"}
    code, out, _ = call(source, **fixed, source=task, init=weights)
    assert code == 0
    made = json.loads(out)
    (member,) = json.loads(epath.Path(made["directory"], "link.json").read_text())["link"][
        "members"
    ]
    assert made["chain"] == ["weights", task] and member["crop"] == [44, 36]
    begun = {"source": task, "target": task, "source_init": "weights"}
    code, out, _ = call(target, **fixed, **begun)
    assert code == 0 and json.loads(out)["chain"] == ["weights", task, task]
    rows = results.load(fixed["workdir"] / "results")
    assert sorted(zip(rows.source, rows.init, strict=True)) == [
        ("blocks", "weights"), ("ilsvrc", "weights"),
    ]  # fmt: skip
    # Without its name, what begins with the pre-training is looked for.
    asked = {"source": task, "target": task}
    assert "no finished link ilsvrc -> blocks" in error(call(target, **fixed, **asked))
    said = error(call(target, **fixed, **asked, source_init="simclr"))
    assert "run foi-source --source=blocks:segmentation --init=.../simclr first" in said
    # One working directory has one input size, so that no two links are confused.
    said = error(call(target, **fixed | {"crop": "32,32"}, **begun))
    assert "dataset.crop was (44, 36), now (32, 32)" in said
    misuse(call(target, **fixed, **begun, init=weights))
    misuse(call(target, **fixed, **begun | {"source": "ilsvrc"}))


@pytest.mark.slow
def test_a_link_that_another_worker_trains_is_left(call, flags):
    asked = {"source": "scratch", "target": "blocks:segmentation"}
    assert call(target, **flags, **asked)[0] == 0
    (directory,) = (flags["workdir"] / "links").iterdir()
    (directory / "link.json").unlink()
    with lease.hold_lease(epath.Path(directory), wait=False, waiting=lambda: None):
        code, _, err = call(target, **flags, **asked, busy="leave")
    assert code == 75 and err.strip().endswith("another worker trains it")
    assert call(target, **flags, **asked)[0] == 0


def test_wrong_names_are_one_line(call, flags):
    task = "blocks:segmentation"
    wrong = {
        "unknown dataset 'block'; did you mean 'blocks'?": {"target": "block:segmentation"},
        "unknown task type 'segmentaton'": {"target": "blocks:segmentaton"},
        "blocks has no depth annotations": {"target": "blocks:depth"},
        "must be written dataset:type": {"target": task, "source": "camvid"},
        "no finished link scratch -> ilsvrc:classification with hrnet_mini; run foi-pretrain first":
            {"target": task, "source": "ilsvrc"},
        "no finished link ilsvrc -> coco:segmentation with hrnet_mini; run foi-source":
            {"target": task, "source": "coco:segmentation"},
        "no such configuration": {"target": task, "config": "none.yaml"},
        "no such directory; foi-prepare makes it": {"target": task, "data_dir": "/none"},
        "no TPU at 'local'": {"target": task, "strategy": "tpu"},
        "leave --init out": {"target": task, "init": "x"},
    }  # fmt: skip
    for said, changes in wrong.items():
        assert said in error(call(target, **{"source": "scratch"} | flags | changes)), said
    assert not flags["workdir"].exists()


def test_wrong_flags_exit_with_2(call, flags):
    for changes, said in (
        ({"setting": "tiny"}, "should be one of"),
        ({"backbone": "hrnet_w47"}, "should be one of"),
        ({"color": "red"}, "Unknown command line flag 'color'"),
        ({"seed": "x"}, "--seed"),
        ({"steps_per_loop": 0}, "--steps_per_loop"),
    ):
        given = flags | {"target": "a:segmentation", "source": "b"} | changes
        assert said in misuse(call(target, **given))
    assert "source" in misuse(call(target, **flags))
    # A flag of another program is not accepted and ignored.
    misuse(call(pretrain, **flags, setting="small"))


def test_a_wrong_key_in_the_configuration(call, flags):
    flags["config"].write_text(CONFIG.replace("batch_size", "batchsize"))
    said = error(call(target, **flags, source="scratch", target="blocks:segmentation"))
    assert f"{flags['config']}: segmentation.schedule: unknown key 'batchsize'" in said


@pytest.mark.slow
def test_a_value_of_set_makes_the_same_link_as_a_changed_file(call, flags):
    asked = flags | {"source": "scratch", "target": "blocks:segmentation"}
    changed = call(target, "--set=segmentation.schedule.small_steps=1", **asked)
    assert changed[0] == 0
    assert "small_steps was 1, now 2" in error(call(target, **asked))
    flags["config"].write_text(CONFIG.replace("small_steps: 2", "small_steps: 1"))
    assert call(target, **asked)[:2] == changed[:2]
    assert len(list((flags["workdir"] / "links").iterdir())) == 1


@pytest.mark.slow
def test_weights_of_another_width(call, flags):
    _, out, _ = call(source, **flags, source="blocks:segmentation", init="scratch")
    init = json.loads(out)["directory"]
    changes = {"backbone": "hrnet_w18", "init": init, "source": "ilsvrc"}
    said = error(call(target, **flags | changes, target="blocks:segmentation"))
    assert "trained with hrnet_mini, but --backbone=hrnet_w18" in said


@pytest.mark.parametrize("program", ["target", "prepare"])
def test_an_unwritable_place(call, flags, tmp_path, program):
    # A file where a directory is wanted stops root as well.
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    if program == "target":
        flags = flags | {"workdir": place}
        outcome = call(target, **flags, source="scratch", target="blocks:segmentation")
    else:
        raw = raw_folders.write_folder(tmp_path / "raw")
        outcome = call(
            prepare, format="masks", raw_dir=raw, name="mine", domain="aerial", data_dir=place
        )
    assert "cannot be written (Not a directory)" in error(outcome)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "size"), [("target", 20_000), ("prepare", 50_000)])
def test_a_full_disk(flags, tmp_path, program, size):
    """No file may grow beyond `size` bytes in the program's process, as on a full disk."""
    given = flags | {"source": "scratch", "target": "blocks:segmentation"}
    if program == "prepare":
        raw = raw_folders.write_folder(tmp_path / "raw", train=60)
        given = {"format": "masks", "raw_dir": raw, "name": "mine", "domain": "aerial"}
        given["data_dir"] = tmp_path / "data"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    done = subprocess.run(
        in_process(program, given), capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert done.returncode == 1, done.stderr
    assert "error: " in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("foi_dataset.json")) + list(tmp_path.rglob("link.json"))


@pytest.mark.slow
def test_damaged_records_are_one_line(call, flags, tmp_path):
    raw = raw_folders.write_folder(tmp_path / "raw")
    given = {"format": "masks", "raw_dir": raw, "name": "torn", "domain": "aerial"}
    assert call(prepare, **given, data_dir=tmp_path / "data")[0] == 0
    (file,) = (tmp_path / "data/torn/1.0.0").glob("torn-train.tfrecord*")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    flags = flags | {"data_dir": tmp_path / "data", "source": "scratch"}
    commands = (
        lambda: call(prepare, describe="torn", data_dir=tmp_path / "data"),
        lambda: call(prepare, overlap="torn,torn", data_dir=tmp_path / "data"),
        lambda: call(target, **flags, target="torn:segmentation"),
    )
    for command in commands:
        code, _, err = command()
        last = err.strip().splitlines()[-1]
        assert code == 1 and "Traceback" not in err
        assert "torn-train.tfrecord-00000-of-00001: record " in last
        assert "is cut off or damaged" in last and "prepare it anew" in last
    file.write_bytes(content[: len(content) // 2])
    said = error(call(prepare, describe="torn", data_dir=tmp_path / "data"))
    assert "torn-train.tfrecord-00000-of-00001: record " in said


def test_every_program_is_installed():
    tree = ast.parse((ROOT / "setup.py").read_text())
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PROGRAMS"
    )
    assert sorted(listed) == PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_and_exit_codes_of_a_process(name):
    command = [sys.executable, "-m", f"foi_tf.bin.{name}"]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert helped.returncode == 0 and f"foi-{name}" in helped.stdout
    wrong = subprocess.run([*command, "--no_such"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1 and wrong.stderr.startswith(f"foi-{name}: "), wrong.stderr


def test_tracebacks_come_with_debug_only(call):
    assert "/none" in error(call(plan, results="/none"))
    with pytest.raises(FoiError, match="/none"):
        call(plan, "--debug", results="/none")


@pytest.mark.slow
def test_two_processes_run_one_link(flags, tmp_path):
    """The chief alone writes, and both know the same result."""
    given = flags | {"source": "scratch", "target": "blocks:segmentation"}
    given |= {"strategy": "multi_worker", "checkpoint_every": 1, "steps_per_loop": 1}
    command = in_process("target", given)
    for _ in range(2):  # The second time it is there already.
        done = cluster.run(command, ["--debug"] * 2)
        assert [returned for returned, _, _ in done] == [0, 0], done
        first, second = (json.loads(out) for _, out, _ in done)
        assert first == second
        (row,) = results.load(flags["workdir"] / "results").to_dict("records")
        assert row["devices"] == 2 and row["value"] == first["metrics"]["miou"]
        check_images(flags["workdir"] / "results")
    (directory,) = (flags["workdir"] / "links").iterdir()
    assert not list(directory.glob("leases/*")) and not (directory / "checkpoints").exists()
