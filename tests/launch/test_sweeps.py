"""Each launcher: what it would do (--dry_run), and that it does that."""

import shlex
import sys

import pytest
import yaml

from tests.launch.conftest import COMMANDS, PLAN, ROOT, brief

CLUSTER = {
    "sweep_local.sh": [],
    "sweep_slurm.sh": [],
    "sweep_kubernetes.sh": ["--image=i:1", "--claim=disk"],
    "tpu_vm.sh": ["--name=mytpu", "--zone=z-a"],
}


def plan(machine):
    """The only plan that a launcher has written."""
    (path,) = machine.home.glob("foi_plan*")
    return path.read_text()


def planned(machine):
    """By stage, the commands that a launcher found in its plan."""
    rows = [line.split("\t") for line in plan(machine).splitlines()]
    stages = sorted({row[0] for row in rows[1:]})
    return tuple({brief(row[6]) for row in rows[1:] if row[0] == stage} for stage in stages)


@pytest.mark.parametrize("script", CLUSTER)
def test_a_dry_run_changes_nothing_and_plans_everything(machine, script):
    for name in ("sbatch", "kubectl", "gcloud"):
        machine.program(name, "exit 1")
    code, out, err = machine.run(script, "--dry_run", *CLUSTER[script], *PLAN)
    assert code == 0, err
    assert machine.calls() == []
    assert planned(machine) == COMMANDS
    assert out


@pytest.mark.parametrize("script", CLUSTER)
def test_wrong_flags_of_the_plan_stop_it(machine, script):
    code, out, err = machine.run(script, *CLUSTER[script], *PLAN, "--setting=tiny")
    assert code == 1 and machine.calls() == [] and out == ""
    assert err.splitlines()[-1] == f"{script}: no plan was made; see above"
    assert not list(machine.home.glob("foi_plan*"))


@pytest.mark.parametrize("script", [*CLUSTER, "quickstart.sh", "test.sh"])
def test_help_is_the_head_of_the_script(machine, script):
    code, out, _ = machine.run(script, "--help")
    assert code == 0 and f"bash launch/{script}" in out and "set -euo" not in out


def test_the_quickstart_takes_no_flag_for_a_directory(machine):
    code, _, err = machine.run("quickstart.sh", "--jobs=2")
    assert (code, err) == (1, "quickstart.sh: takes no flags but --help\n")


def test_a_local_sweep_runs_every_command_once_and_stages_in_order(machine):
    code, _, err = machine.run("sweep_local.sh", "--jobs=3", *PLAN)
    assert code == 0, err
    calls = [brief(call) for call in machine.calls()]
    first, second = len(COMMANDS[0]), len(COMMANDS[0]) + len(COMMANDS[1])
    assert (set(calls[:first]), set(calls[first:second]), set(calls[second:])) == COMMANDS
    assert len(calls) == sum(map(len, COMMANDS))


def test_chains_that_share_a_training_step_share_a_process(machine):
    machine.program("foi-run", 'while read -r line; do bash -c "$line"; done')
    plan = [flag for flag in PLAN if not flag.startswith("--sources")]
    code, _, err = machine.run("sweep_local.sh", "--jobs=1", "--seeds=0,1", *plan)
    assert code == 0, err
    calls = [call for call in machine.calls("foi-target") if "--seed" in call]
    assert len(calls) == len(set(calls)) == 2 * (2 + 17)
    # Chunks of ten, a quarter of the worker's share, and never of two seeds.
    assert len(machine.calls("foi-run")) == 4


def test_a_local_sweep_stops_behind_a_stage_that_failed(machine):
    machine.program("foi-source", "exit 1")
    code, _, err = machine.run("sweep_local.sh", *PLAN)
    assert code == 1 and "stage 1: some commands failed" in err
    assert len(machine.calls()) == len(COMMANDS[0]) + len(COMMANDS[1])
    code, _, err = machine.run("sweep_local.sh", "--jobs=two", *PLAN)
    assert code == 1 and err == "sweep_local.sh: --jobs=two: must be a whole number, 1 or more\n"


def test_slurm_gets_an_array_a_stage_each_after_the_one_before(machine):
    machine.program("sbatch", f"wc -l < {machine.calls_file}")  # 1, 2, 3 as ids of jobs.
    code, out, err = machine.run(
        "sweep_slurm.sh", "--array=2", "--at_once=7", "--sbatch=--partition=gpu --time=1:00", *PLAN
    )
    assert (code, out) == (0, "1\n2\n3\n"), err
    submitted = [shlex.split(call) for call in machine.calls("sbatch")]
    for stage, call in enumerate(submitted):
        tasks = min(2, len(COMMANDS[stage]))
        assert {"--requeue", "--signal=B:TERM@300", "--partition=gpu"} <= set(call)
        assert f"--array=0-{tasks - 1}%7" in call
        assert call[-3:] == [str(stage), str(tasks), "1"]
    waits = [[flag for flag in call if "dependency" in flag] for call in submitted]
    assert waits == [[], ["--dependency=afterany:1"], ["--dependency=afterany:2"]]
    # What Slurm then runs, by the arguments that it was given.
    machine.program("srun", '"$@"')
    machine.calls_file.write_text("")
    for task in ("0", "1"):
        arguments = submitted[1][submitted[1].index("--time=1:00") + 2 :]
        arguments = arguments[-5:]
        assert machine.run("slurm_job.sh", *arguments, SLURM_ARRAY_TASK_ID=task)[0] == 0
    assert {brief(call) for call in machine.calls("foi-")} == COMMANDS[1]


def test_a_preempted_task_of_slurm_is_queued_again(machine):
    machine.program("srun", "exit 143")
    machine.program("scontrol", "exit 1")  # As if Slurm had done so by itself.
    job = {"SLURM_ARRAY_JOB_ID": "9", "SLURM_ARRAY_TASK_ID": "4"}
    assert machine.run("slurm_job.sh", ROOT, "plan.tsv", 0, 5, 1, **job)[0] == 143
    assert machine.calls("scontrol") == ["scontrol requeue 9_4"]


def test_kubernetes_gets_an_indexed_job_a_stage(machine):
    limits = "{limits: {nvidia.com/gpu: 1}}"
    code, out, err = machine.run(
        "sweep_kubernetes.sh", "--dry_run", "--image=r/foi:1", "--claim=disk", "--at_once=2",
        f"--resources={limits}", *PLAN,
    )  # fmt: skip
    assert code == 0 and "@" not in out.replace("@...@", ""), err
    jobs = [document for document in yaml.safe_load_all(out) if document]
    assert [job["metadata"]["name"] for job in jobs] == [f"foi-stage-{i}" for i in range(3)]
    assert [job["spec"]["completions"] for job in jobs] == [len(stage) for stage in COMMANDS]
    for stage, job in enumerate(jobs):
        spec = job["spec"]
        assert spec["completionMode"] == "Indexed"
        assert spec["parallelism"] == min(2, len(COMMANDS[stage]))
        pod = spec["template"]["spec"]
        (worker,) = pod["containers"]
        assert worker["image"] == "r/foi:1" and worker["resources"] == yaml.safe_load(limits)
        assert worker["command"][1:] == [
            "/foi_tf/launch/worker.sh", "/plan/plan.tsv", str(stage), "$(JOB_COMPLETION_INDEX)",
            str(spec["completions"]), "1",
        ]  # fmt: skip
        assert pod["volumes"][1]["persistentVolumeClaim"] == {"claimName": "disk"}
        ignored = [rule for rule in spec["podFailurePolicy"]["rules"] if rule["action"] == "Ignore"]
        assert ignored[1]["onExitCodes"]["values"] == [143]


def test_kubernetes_jobs_follow_each_other_and_a_failed_one_ends_it(machine):
    machine.program("kubectl", "[ -t 0 ] || [ $1 != apply ] || cat > /dev/null; exit 0")
    code, _, err = machine.run("sweep_kubernetes.sh", "--image=i", "--claim=c", *PLAN)
    assert code == 0, err
    done = [call.split()[1] for call in machine.calls("kubectl")]
    assert sorted(done[:2]) == ["apply", "create"]
    assert done[2:] == ["delete", "apply", "wait"] * 3
    machine.program("kubectl", "case $* in *complete*) exit 1;; *apply*) cat > /dev/null;; esac")
    code, _, err = machine.run("sweep_kubernetes.sh", "--image=i", "--claim=c", *PLAN)
    assert code == 1 and "stage 0: commands failed for good" in err


def test_a_tpu_is_made_filled_and_driven(machine):
    machine.program("gcloud", '[ "$5" != describe ]')
    create = ["--create=v3-8", "--runtime=tpu-vm-tf-2.18.0-pjrt", "--spot=1"]
    code, _, err = machine.run("tpu_vm.sh", *CLUSTER["tpu_vm.sh"], *create, *PLAN)
    assert code == 0, err
    calls = machine.calls("gcloud")
    verbs = [call.split()[5] for call in calls]
    assert verbs == ["describe", "create", "scp", "scp", "ssh", "ssh"]
    assert "--accelerator-type=v3-8" in calls[1] and calls[1].endswith("--spot")
    assert "--worker=all" in calls[2] and "--worker=all" in calls[4]
    assert "install_beside.sh" in calls[4]
    assert "--worker=0" in calls[5] and "worker.sh foi_plan.tsv all 0 1" in calls[5]
    assert "TF_PLUGGABLE_DEVICE_LIBRARY_PATH" in calls[5]
    made = plan(machine)
    assert made.count("--strategy=tpu") == sum(map(len, COMMANDS)) and "--tpu=" not in made


@pytest.mark.parametrize(("state", "verbs"), [
    ("READY", []), ("PREEMPTED", ["delete", "create"]), ("TERMINATED", ["delete", "create"]),
])  # fmt: skip
def test_a_tpu_that_was_taken_away_is_made_again(machine, state, verbs):
    machine.program("gcloud", f'[ "$5" != describe ] || echo {state}')
    create = ["--create=v3-8", "--runtime=tpu-vm-tf-2.18.0-pjrt", "--spot=1"]
    code, _, err = machine.run("tpu_vm.sh", *CLUSTER["tpu_vm.sh"], *create, *PLAN)
    assert code == 0, err
    called = [call.split()[5] for call in machine.calls("gcloud")]
    assert called == ["describe", *verbs, "scp", "scp", "ssh", "ssh"]


def test_another_sweep_from_the_same_place_leaves_the_plan_of_the_first(machine):
    code, _, err = machine.run("sweep_local.sh", *PLAN)
    assert code == 0, err
    first = plan(machine)
    code, _, err = machine.run("sweep_local.sh", *PLAN, "--setting=full")
    assert code == 0, err
    plans = [path.read_text() for path in machine.home.glob("foi_plan*")]
    assert len(plans) == 2 and first in plans
    code, _, err = machine.run("sweep_local.sh", *PLAN)
    assert code == 0 and len(list(machine.home.glob("foi_plan*"))) == 2, err


def test_the_first_host_of_a_slice_drives_the_others(machine):
    machine.program("gcloud", "exit 0")
    code, _, err = machine.run("tpu_vm.sh", *CLUSTER["tpu_vm.sh"], "--pod=1", *PLAN)
    assert code == 0, err
    assert "export TPU_LOAD_LIBRARY=0 TPU_NAME=mytpu" in machine.calls("gcloud")[-1]
    assert "--strategy=tpu --tpu=mytpu" in plan(machine)


@pytest.mark.parametrize(
    ("script", "given", "said"),
    [
        ("sweep_kubernetes.sh", ["--image=i"], "--claim is missing"),
        ("tpu_vm.sh", ["--name=n"], "--zone is missing"),
        ("tpu_vm.sh", ["--name=n", "--zone=z", "--create=v3-8"], "--create needs --runtime"),
        ("tpu_vm.sh", ["--name=n", "--zone=z", "--workdir=work"], "--workdir must be in a bucket"),
    ],
)
def test_what_is_missing_is_said(machine, script, given, said):
    plan = [flag for flag in PLAN if not any(flag.split("=")[0] in own for own in given)]
    code, _, err = machine.run(script, *given, *plan)
    assert code == 1 and err.startswith(f"{script}: {said}") and err.count("\n") == 1


def test_beside_a_tensorflow_nothing_that_needs_it_brings_another(machine):
    code, out, err = machine.run("install_beside.sh", "--dry_run", FOI_PYTHON=sys.executable)
    assert code == 0, err
    without, rest = (shlex.split(line) for line in out.splitlines())
    assert "--no-deps" in without and any(
        name.startswith("tf-models-official==") for name in without
    )
    assert "--no-deps" not in rest and {"pandas", "tqdm", "pydantic>=2"} <= set(rest)
    assert not any(name.startswith(("tensorflow=", "tensorflow>", "tf-")) for name in rest)
