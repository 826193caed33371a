"""foi-plan as a user meets it."""

import dataclasses
import shlex
import subprocess
import sys

import pytest

from foi_tf.bin import plan, prepare, run
from foi_tf.data.records import prepared_datasets
from foi_tf.study import grid, results
from foi_tf.study.dataset import Task
from tests.bin.conftest import error, misuse
from tests.data.convert.layouts import nyuv2
from tests.study.test_costs import ROW


def lines(outcome):
    code, out, err = outcome
    assert code == 0, err
    return out.splitlines()


def test_counts_are_those_of_the_paper(call):
    assert lines(call(plan, count="true", setting="full")) == [
        "domain\ttype\tchains\ttargets", "all\tall\t320\t27", "within\twithin\t78\t26",
        "within\tcross\t0\t0", "cross\twithin\t242\t27", "cross\tcross\t0\t0",
    ]  # fmt: skip
    assert lines(call(plan, count="true", collection="mini"))[1:3] == [
        "all\tall\t306\t27", "within\twithin\t64\t22",
    ]  # fmt: skip


def test_memory_is_estimated_for_each_task_and_device(call):
    found = lines(call(plan, memory="true", targets="camvid:segmentation", precision="bfloat16"))
    rows = [dict(zip(found[0].split("\t"), row.split("\t"), strict=True)) for row in found[1:]]
    assert len({row["task"] for row in rows}) == len(rows) > 5
    assert rows[0]["task"] == "ilsvrc:classification" and rows[0]["batch"] == "4096"
    (camvid,) = [row for row in rows if row["task"] == "camvid:segmentation"]
    assert camvid["v3-8_micro_batch"] == "-" and camvid["gpu_24gb_micro_batch"] == "16"
    # The same share of the batch takes as much on both; four chips have two shares each.
    assert camvid["v2-8_gib"] == camvid["v3-8_gib"]
    assert float(camvid["v3-8_gib"]) < float(camvid["v4-8_gib"])


def test_a_target_that_does_not_restart_as_its_source_is_planned(call):
    given = {"setting": "full", "collection": "mini", "targets": "segmentation"}
    wanted = "--source=ilsvrc --target=camvid:segmentation"
    for config, count in (("mini", 0), ("mini_study", 1)):
        given |= {"config": config, "sources": "", "data_dir": "d", "workdir": "w"}
        assert sum(wanted in line for line in lines(call(plan, **given))) == count


def test_every_command_is_one_that_its_program_takes(call):
    given = {
        "data_dir": "my data", "workdir": "gs://b/w", "select_lr": "validation", "seeds": "0,7",
        "backbone": "hrnet_w18", "steps_per_loop": "9", "pairs": "all", "config": "quickstart",
    }  # fmt: skip
    commands = [shlex.split(line) for line in lines(call(plan, **given, collection="mini"))]
    for command in commands:
        values = run.PROGRAMS[command[0]].make_flags()
        assert values(command) == command[:1]
        assert values.data_dir == "my data" and values.workdir == "gs://b/w"
        assert values.backbone == "hrnet_w18" and values.steps_per_loop == 9
        if command[0] != "foi-pretrain":
            assert values.select_lr == "validation" and values.setting == "small"
    assert len({tuple(command) for command in commands}) == len(commands)


def test_table_3_is_planned_apart_from_the_grid(call):
    code, out, err = call(plan, collection="table3", data_dir="D", workdir="W", seeds="0,1")
    assert code == 0 and "17 commands for 0 chains with a source" in err
    first, *others = out.splitlines()
    assert first == "foi-pretrain --data_dir=D --workdir=W --seed=0"
    assert others[1] == (
        "foi-target --data_dir=D --workdir=W --source=ilsvrc --target=nyuv2:depth --setting=full "
        "--seed=1"
    )
    for line in others:
        assert len(run.PROGRAMS["foi-target"].make_flags()(shlex.split(line))) == 1
    chosen = {"collection": "table3", "targets": "nyuv2:depth,detection", "init": "weights"}
    assert [line.split()[4] for line in lines(call(plan, **chosen))] == [
        "--target=nyuv2:depth", "--target=coco:detection",
    ]  # fmt: skip
    assert lines(call(plan, **chosen, stages="true"))[1].split("\t")[:3] == ["2", "1", "-"]
    said = error(call(plan, collection="table3", targets="nyuv:depth"))
    assert "unknown task 'nyuv:depth'; did you mean 'nyuv2:depth'" in said
    assert "unknown target of this setting 'nyuv2:depth'" in error(
        call(plan, targets="nyuv2:depth")
    )


def test_own_studies_leave_prepared_tasks_of_table_3_out(call, tmp_path):
    nyuv2.write(tmp_path / "raw")
    given = {"data_dir": tmp_path / "data"}
    assert call(prepare, dataset="nyuv2", raw_dir=tmp_path / "raw", **given)[0] == 0
    assert "no prepared datasets" in error(call(plan, collection="own", **given))


@pytest.mark.parametrize(
    ("flags", "given"),
    [
        ({"scenario": "fixed_size"}, {"crop": (713, 713), "backbone": "hrnet_w48"}),
        (
            {"scenario": "fixed_size", "collection": "mini", "crop": "64,96"},
            {"crop": (64, 96), "backbone": "hrnet_w48"},
        ),
        ({"scenario": "resnet50"}, {"crop": None, "backbone": "resnet50"}),
        (
            {"scenario": "self_supervised", "init": "weights/simclr"},
            {"crop": None, "backbone": "resnet50"},
        ),
    ],
)
def test_a_scenario_is_in_every_command(call, flags, given):
    """Those of the pre-training excepted, whose input size is its own."""
    one = {"sources": "coco:segmentation", "targets": "camvid:segmentation"}
    commands = [shlex.split(line) for line in lines(call(plan, **flags, **one))]
    started = {}
    for command in commands:
        values = run.PROGRAMS[command[0]].make_flags()
        values(command)
        assert values.backbone == given["backbone"]
        if command[0] != "foi-pretrain":
            assert values.crop == given["crop"]
            began = values.source_init if "source_init" in values else None
            started[command[0], values.source] = values.init, began
    init = flags.get("init", "")
    assert started == {
        ("foi-target", "scratch"): ("", "ilsvrc"),
        ("foi-source", "coco:segmentation"): (init, None),
        ("foi-target", "ilsvrc"): (init, "ilsvrc"),
        ("foi-target", "coco:segmentation"): ("", "simclr" if init else "ilsvrc"),
    }
    # Without weights from elsewhere, pre-training comes first.
    assert (commands[0][0] == "foi-pretrain") == (not init) and len(commands) == 4 + (not init)


def test_larger_inputs_cost_more(call):
    def hours(**flags):
        rows = lines(call(plan, stages="true", targets="camvid:segmentation", **flags))
        cells = [row.split("\t") for row in rows[1:]]
        return [float(cell[3]) for cell in cells if "foi-source" in cell[6]]

    # The paper's configuration: the datasets' own sizes, of which none is 2 x 713 x 713.
    ones, fixed = hours(crop="713,713"), hours(crop="1426,713")
    assert fixed == pytest.approx([2 * one for one in ones], rel=2e-3)


def test_set_is_in_every_command_and_in_the_costs(call):
    def hours(*overrides, **flags):
        given = [f"--set={override}" for override in overrides]
        one = {"sources": "coco:segmentation", "targets": "camvid:segmentation"} | flags
        rows = [row.split("\t") for row in lines(call(plan, "--stages", *given, **one))[1:]]
        for row in rows:
            command = shlex.split(row[6])
            assert [part for part in command if part.startswith("--set=")] == given
            values = run.PROGRAMS[command[0]].make_flags()
            values(command)
            assert values.set == list(overrides)
        return {row[6].split()[0]: float(row[3]) for row in rows}

    before = hours()
    after = hours("segmentation.schedule.batch_size=64", "segmentation.crop=[1, 2]", crop="713x713")
    # Twice the images a step; the pre-training has a section of its own.
    assert after["foi-pretrain"] == before["foi-pretrain"]
    assert after["foi-source"] == pytest.approx(2 * hours(crop="713x713")["foi-source"], rel=1e-2)
    said = error(call(plan, "--set=segmentation.schedule.batchsize=64"))
    assert "paper.yaml (with --set): segmentation.schedule: unknown key 'batchsize'" in said


def test_stages_say_what_each_line_needs(call):
    rows = [
        line.split("\t") for line in lines(call(plan, stages="true", targets="camvid:segmentation"))
    ]
    assert rows[0] == ["stage", "line", "needs", "chip_hours", "basis", "group", "command"]
    assert [row[1] for row in rows[1:]] == [str(i) for i in range(1, len(rows))]
    by_line = {row[1]: row for row in rows[1:]}
    for row in rows[1:]:
        for needed in row[2].split(","):
            assert needed == "-" or by_line[needed][0] < row[0]
        assert float(row[3]) > 0
        assert row[4] in ("paper", "paper's price")
    assert len(rows) == 1 + 1 + 1 + 17 + 1 + 17
    groups = [row[5] for row in rows[1:]]
    assert len(set(groups[:-19])) == 1 + 17 and len(set(groups[-19:])) == 1


def test_baselines_alone(call):
    out = lines(call(plan, baselines="true", targets="camvid:segmentation", select_lr="validation"))
    assert len(out) == 2 and out[0].startswith("foi-pretrain")
    assert "--source=ilsvrc" in out[1] and "--select_lr=validation" in out[1]


def test_a_sample_of_what_is_far_in_both_ways(call):
    def count(**flags):
        table = [row.split("\t") for row in lines(call(plan, count="true", **flags))]
        return {(row[0], row[1]): int(row[2]) for row in table[1:]}

    every = count(pairs="cross_type", collection="mini")
    some = count(pairs="cross_type", collection="mini", sample=100)
    assert some["cross", "cross"] == 100 < every["cross", "cross"]
    assert some["within", "cross"] == every["within", "cross"]
    assert count(pairs="all", collection="mini", sample=0)["cross", "within"] == 242


def test_costs_come_from_rows_and_are_shared(call, tmp_path):
    results.write_row(dataclasses.replace(ROW, target="coco", steps=200_000), tmp_path)
    given = {
        "results": tmp_path, "backbone": "hrnet_w18", "strategy": "tpu",
        "sources": "coco:segmentation",
    }  # fmt: skip
    code, out, err = call(plan, cost="true", **given)
    assert code == 0 and "by measured" in err and "by task type" in err
    assert out.splitlines()[1].split("\t")[:2] == ["coco:segmentation", "1"]
    assert out.splitlines()[1].split("\t")[3:] == ["16", "0.0625", "measured"]
    said = error(call(plan, **given | {"backbone": "hrnet_w48"}))
    assert "unknown backbone 'hrnet_w48'; did you mean 'hrnet_w18'" in said


def test_own_data_is_planned_from_what_is_prepared(call, blocks, bricks, tmp_path):
    given = {"collection": "own", "data_dir": blocks, "config": "laptop"}
    code, out, err = call(plan, **given)
    assert code == 0 and "has no ilsvrc: run foi-pretrain before" in err
    assert "has no ilsvrc" not in call(plan, **given, init="ilsvrc:contrastive")[2]
    pairs = {
        tuple(flag.split("=")[1] for flag in line.split() if flag.startswith(("--so", "--ta")))
        for line in out.splitlines()
        if line.startswith("foi-target")
    }
    both = {"blocks:segmentation", "bricks:segmentation"}
    # blocks has boxes too, but no other dataset has. All images are used, so that the sources
    # are the baselines as well.
    assert pairs == {(s, t) for s in {*both, "scratch"} for t in both if s != t}
    assert all("--setting=full" in line for line in out.splitlines() if "foi-target" in line)
    limited = call(plan, **given, setting="small")[1]
    assert limited.count("--setting=small") == 6 + 2 and "--setting=full" not in limited
    assert "no prepared datasets" in error(call(plan, collection="own", data_dir=tmp_path))


def test_the_ids_of_a_subset_and_its_classes(call, blocks):
    given = {"data_dir": blocks, "subset": "blocks:segmentation"}
    code, out, err = call(plan, **given)
    assert code == 0 and "12 of 12 training images" in err
    assert len(out.splitlines()) == 12 and out.splitlines() == sorted(out.splitlines())
    code, out, err = call(plan, **given, coverage="true", setting="small_source")
    assert code == 0 and "classes of the training set that are missing: none" in err
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["class", "name", "images_of_subset", "images_of_all"]
    assert all(row[2] == row[3] for row in rows[1:]) and len(rows) == 4
    assert "--subset shows the images of one seed" in misuse(call(plan, **given, seeds="0,1"))
    assert "blocks has no depth annotations" in error(
        call(plan, **given | {"subset": "blocks:depth"})
    )


def test_the_subset_is_that_of_the_seed_where_seeds_vary_it(call, blocks, monkeypatch):
    monkeypatch.setattr(grid, "max_target_images", lambda row, setting: 4)
    given = {"data_dir": blocks, "subset": "blocks:segmentation", "setting": "small"}
    first = lines(call(plan, **given))
    assert lines(call(plan, **given, seeds="3")) == first
    other = lines(call(plan, **given, seeds="3", vary="init,subset"))
    task = Task("blocks", "segmentation")
    every = prepared_datasets.load_task_dataset(blocks, task).annotated_ids("train", task.type)
    assert other == grid.choose_subset(every, 4, 3) != first
    assert "--vary" in misuse(call(plan, collection="table3", vary="order"))


def test_the_quick_test_leaves_negative_sources_out(call, tmp_path):
    own = dataclasses.replace(ROW, backbone="hrnet_w48", target="camvid")
    driving = {"source_type": "segmentation", "source_domain": "driving"}
    for name, small, full in (("city", 0.6, 0.51), ("bdd", 0.4, 0.7), ("isaid", 0.4, 0.2)):
        for setting, value in (("small", small), ("full", full)):
            row = dataclasses.replace(own, setting=setting)
            results.write_row(row, tmp_path)
            results.write_row(
                dataclasses.replace(row, source=name, value=value, **driving), tmp_path
            )
    given = {"quick_test": "true", "results": tmp_path, "targets": "camvid:segmentation"}
    code, out, err = call(plan, **given)
    assert code == 0
    used = {flag for line in out.splitlines() for flag in line.split() if "--source=" in flag}
    assert "--source=city:segmentation" in used and "--setting=small" not in out
    assert not {"--source=bdd:segmentation", "--source=isaid:segmentation"} & used
    said = err.splitlines()
    assert said[:4] == [
        "2 of 17 runs saved: their sources had a negative gain in the small setting",
        "14 runs kept without a test: their sources have no gain in the small setting",
        "the best source was missed for 1 of 1 target with all rows of both settings",
        "missed bdd:segmentation for camvid:segmentation: +40.0 %; best of the kept: +2.0 %",
    ]
    none = call(plan, **given | {"targets": "kitti:segmentation"})
    assert "no chain of the plan has a gain in the small setting" in error(none)


def test_nobody_has_to_read_to_the_end():
    command = f"{sys.executable} -m foi_tf.bin.plan --pairs=all --seeds=0,1,2"
    shell = f"set -o pipefail; {command} | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("foi-pretrain ")
    assert done.stderr.count("\n") == 1, done.stderr
