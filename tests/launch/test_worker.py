import json
import signal
import subprocess
import sys
import time

import pytest

from tests.launch.conftest import ROOT, wait_for


def write_plan(machine, *commands):
    rows = [
        f"{stage}\t{place}\t-\t1\tpaper\t{len(c)}\t{c}"  # As long, as if of one group.
        for place, (stage, c) in enumerate(commands, 1)
    ]
    (machine.home / "plan.tsv").write_text("header\n" + "\n".join(rows) + "\n")
    return machine.home / "plan.tsv"


def test_workers_share_a_stage(machine):
    plan = write_plan(machine, (0, "foi-pretrain"), *((1, f"foi-source {i}") for i in range(5)))
    assert machine.run("worker.sh", plan, 1, 0, 2)[0] == 0
    assert machine.calls() == ["foi-source 0", "foi-source 2", "foi-source 4"]
    assert machine.run("worker.sh", plan, 1, 1, 2)[0] == 0
    assert machine.calls()[3:] == ["foi-source 1", "foi-source 3"]
    assert machine.run("worker.sh", plan, "all", 0, 1)[0] == 0
    assert machine.calls()[5] == "foi-pretrain " and len(machine.calls()) == 11


def test_groups_are_run_in_chunks(machine):
    """Groups of one, five and two commands: those that fit go together, and one is split."""
    machine.program("foi-run", f"sed 's/^/  /' >> {machine.calls_file}")
    names = ("10", *map(str, range(5)), "100", "101")
    plan = write_plan(machine, *((0, f"foi-target {name}") for name in names))
    assert machine.run("worker.sh", plan, 0, 0, 1, 3)[0] == 0
    one, two, three = (
        [f"  foi-target {name}" for name in own]
        for own in (("0", "1", "2"), ("3", "4"), ("100", "101"))
    )
    call = "foi-run --retry=60"
    assert machine.calls() == ["foi-target 10", call, *one, call, *two, call, *three]
    machine.calls_file.unlink()
    assert machine.run("worker.sh", plan, 0, 0, 1, 4)[0] == 0
    assert machine.calls()[1:7] == [call, *one, two[0], call]
    assert machine.calls()[7:] == [two[1], *three]
    machine.calls_file.unlink()
    assert machine.run("worker.sh", plan, 0, 1, 2, 3)[0] == 0
    assert machine.calls() == [call, *one, call, *three]
    machine.program("foi-run", "exit 1")
    code, _, err = machine.run("worker.sh", plan, 0, 0, 1, 3)
    assert (code, err) == (1, "") and machine.calls("foi-target") == ["foi-target 10"]
    machine.program("foi-run", "kill -9 $$")
    code, _, err = machine.run("worker.sh", plan, 0, 2, 4, 3)
    assert code == 1 and "worker.sh: exit code 137 of: foi-target 3\nfoi-target 4\n" in err


def test_arguments_arrive_as_they_are_written(machine):
    machine.program("foi-source", 'echo "$#:$1"')
    code, out, _ = machine.run(
        "worker.sh", write_plan(machine, (0, "foi-source '--data_dir=a b;$HOME'")), 0, 0, 1
    )
    assert (code, out) == (0, "1:--data_dir=a b;$HOME\n")


def test_a_failure_is_named_and_the_rest_is_run(machine):
    machine.program("foi-source", "exit 3")
    plan = write_plan(machine, (0, "foi-source a"), (0, "foi-target b"))
    code, _, err = machine.run("worker.sh", plan, 0, 0, 1)
    assert code == 1 and err == "worker.sh: exit code 3 of: foi-source a\n"
    assert machine.calls() == ["foi-source a", "foi-target b"]


def test_a_busy_link_is_tried_again_after_the_others(machine):
    seen = machine.home / "seen"
    machine.program("foi-source", f"[ -e {seen} ] && exit 0; touch {seen}; exit 75")
    plan = write_plan(machine, (0, "foi-source a"), (0, "foi-target b"))
    assert machine.run("worker.sh", plan, 0, 0, 1, FOI_RETRY="0.1")[0] == 0
    assert machine.calls() == ["foi-source a", "foi-target b", "foi-source a"]


def preemptible(machine):
    """Makes foi-source one that has to be told to stop, and then takes a moment to save."""
    started, saved = machine.home / "started", machine.home / "saved"
    save = f"sleep 0.3; echo saved >> {saved}; exit 143"
    machine.program(
        "foi-source", f"trap '{save}' TERM; echo >> {started}; while :; do sleep 0.1; done"
    )
    return started, saved


def test_sigterm_reaches_the_command_and_waits_for_its_checkpoint(machine):
    started, saved = preemptible(machine)
    plan = write_plan(machine, (0, "foi-source a"), (0, "foi-target b"))
    process = machine.start("worker.sh", plan, 0, 0, 1)
    wait_for(started)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert saved.read_text() == "saved\n"
    assert machine.calls("foi-target") == []


@pytest.mark.slow
def test_sigterm_reaches_all_commands_of_a_local_sweep(machine):
    started, saved = preemptible(machine)
    machine.program("foi-run", 'while read -r line; do bash -c "$line" & done; wait')
    process = machine.start(
        "sweep_local.sh", "--jobs=2", "--collection=mini", "--targets=camvid:segmentation",
        "--sources=coco:segmentation,isaid:segmentation",
    )  # fmt: skip
    wait_for(started)
    deadline = time.monotonic() + 20
    while started.read_text().count("\n") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert saved.read_text() == "saved\n" * 2


@pytest.mark.parametrize(
    ("devices", "python", "said"),
    [
        ("gpu", "exit 3", "TensorFlow sees no GPU here, though the job has asked for one"),
        ("gpu", "exit 1", "cannot look for GPUs; see above"),
        ("tpu", "echo /no/libtpu.so", "no TPU: /no/libtpu.so is missing; install tensorflow-tpu"),
        ("tpu", "exit 1", "no TPU: /lib/libtpu.so is missing; install tensorflow-tpu"),
    ],
)
def test_without_the_devices_that_were_asked_for_nothing_runs(machine, devices, python, said):
    machine.program("own_python", python)
    plan = write_plan(machine, (0, "foi-target a"))
    own = {"FOI_DEVICES": devices, "FOI_PYTHON": str(machine.home / "bin/own_python")}
    code, _, err = machine.run("worker.sh", plan, 0, 0, 1, **own)
    assert code == 1 and err.startswith(f"worker.sh: {said}") and err.count("\n") == 1
    assert not machine.calls("foi-target")


def test_tensorflow_is_told_where_the_tpus_library_is(machine):
    library = machine.home / "libtpu.so"
    library.touch()
    # The Python is that of the programs, by their first line.
    machine.program("own_python3", f"echo {library}")
    machine._write("foi-run", f"#!{machine.home}/bin/own_python3\n")
    machine.program("foi-target", 'echo "$PJRT_DEVICE $TF_PLUGGABLE_DEVICE_LIBRARY_PATH"')
    plan = write_plan(machine, (0, "foi-target a"))
    code, out, err = machine.run("worker.sh", plan, 0, 0, 1, FOI_DEVICES="tpu")
    assert (code, out) == (0, f"TPU {library}\n"), err


def test_a_missing_plan_is_one_line(machine):
    code, _, err = machine.run("worker.sh", "none.tsv", 0, 0, 1)
    assert (code, err) == (
        1, "worker.sh: none.tsv: no such file; foi-plan --stages prints one\n",
    )  # fmt: skip


def test_the_tasks_of_a_slurm_step_form_one_cluster(machine):
    machine.program("scontrol", "printf 'node07\\nnode09\\n'")
    machine.program("foi-target", 'echo "$TF_CONFIG"')
    plan = write_plan(machine, (0, "foi-target a"))
    step = {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "123456", "SLURM_JOB_NODELIST": "node[07,09]"}
    for place in (0, 1):
        _, out, err = machine.run("worker.sh", plan, 0, 0, 1, **step, SLURM_PROCID=str(place))
        assert json.loads(out) == {
            "cluster": {"worker": ["node07:23456", "node09:23456"]},
            "task": {"type": "worker", "index": place},
        }, err
    assert machine.calls("scontrol") == ["scontrol show hostnames node[07,09]"] * 2


def test_scripts_are_clean():
    scripts = sorted((ROOT / "launch").glob("*.sh"))
    command = [f"{sys.prefix}/bin/shellcheck", "--external-sources", *map(str, scripts)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plan_that_was_replaced_is_noticed(machine):
    plan = write_plan(machine, *((0, f"foi-target {i}") for i in range(3)))
    machine.program("foi-target", f"head -n 2 {plan} > {plan}.new && mv {plan}.new {plan}")
    code, _, err = machine.run("worker.sh", plan, 0, 0, 1)
    assert code == 1 and "has changed; it has no chunk 1 of stage 0 any more" in err
