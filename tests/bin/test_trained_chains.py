"""Chains by the programs: rows, images beside them, and links that are shared or refused."""

import json

import numpy as np
import pytest
from etils import epath

from foi_tf import lease
from foi_tf.bin import predict, source, target
from foi_tf.study import image_statistics, results
from tests.bin.conftest import CONFIG, error, in_process, misuse
from tests.training import cluster


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
        source_weights=made["directory"], setting="small",
    )  # fmt: skip
    assert code == 0 and "Traceback" not in err
    assert json.loads(out)["chain"] == ["scratch", "blocks:segmentation", "blocks:segmentation"]
    given = {"source": "scratch", "target": "blocks:segmentation"}
    assert call(target, **flags, **given, setting="small")[0] == 0
    frame = results.load(flags["workdir"] / "results")
    assert sorted(zip(frame.source, frame.setting, frame.steps, strict=True)) == [
        ("blocks", "small", 2), ("scratch", "full", 3), ("scratch", "small", 2),
    ]  # fmt: skip
    assert frame.n_source.max() == 12 and (frame.target_domain == "aerial").all()
    check_images(flags["workdir"] / "results")
    shown = {
        "model": made["directory"],
        "data_dir": flags["data_dir"],
        "out": flags["workdir"] / "p",
    }
    code, out, _ = call(predict, dataset="blocks", count=2, **shown)
    pictures = [json.loads(line)["picture"] for line in out.splitlines()]
    assert code == 0 and len(pictures) == 2 and all(epath.Path(p).exists() for p in pictures)
    assert "--dataset needs --data_dir" in misuse(call(predict, dataset="a", model="b", out="c"))


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


@pytest.mark.slow
def test_two_processes_run_one_link(flags, tmp_path):
    """The chief alone writes, and both know the same result."""
    given = flags | {"source": "scratch", "target": "blocks:segmentation"}
    given |= {"strategy": "multi_worker", "checkpoint_every": 1, "steps_per_loop": 1}
    command = in_process("target", given, times=2)  # The second time it is there already.
    done = cluster.run(command, ["--debug"] * 2)
    assert [returned for returned, _, _ in done] == [0, 0], done
    made = [json.loads(line) for _, out, _ in done for line in out.splitlines()]
    assert len(made) == 4 and all(one == made[0] for one in made)
    (row,) = results.load(flags["workdir"] / "results").to_dict("records")
    assert row["devices"] == 2 and row["value"] == made[0]["metrics"]["miou"]
    check_images(flags["workdir"] / "results")
    (directory,) = (flags["workdir"] / "links").iterdir()
    assert not list(directory.glob("leases/*")) and not (directory / "checkpoints").exists()
