"""Each launcher: what it would do (--dry_run), and that it does that."""

import shlex
import subprocess
import sys

import pytest
import yaml

from tests.launch import documented
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
    faults = [documented.find_fault(words) for words in cluster_commands(out)]
    assert not any(faults) and (faults or script == "sweep_local.sh")


def cluster_commands(text):
    """The commands of clusters in what a dry run prints."""
    lines = [shlex.split(line.removeprefix("# ")) for line in text.splitlines()]
    return [words for words in lines if words and words[0] in ("sbatch", "kubectl", "gcloud")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("gcloud compute tpus tpu-vm create a --zone=z --version=v --spot", ""),
        ("gcloud compute tpus tpu-vm create a --zone=z --sport", "no such flag: --sport"),
        ("gcloud compute tpus tpu-vm create a b --zone=z", "2 arguments"),
        ("gcloud compute tpus tpu-vm create a --zone --spot", "--zone without a value"),
        ("gcloud alpha compute tpus tpu-vm list", "no documented command"),
        ("sbatch --array=0-3 job.sh --own=1", ""), ("sbatch --gras=gpu:1 job.sh", "--gras=gpu:1"),
        ("kubectl wait --for=condition=complete --timeout=1s job/a", ""),
        ("kubectl apply --wait -f -", "--wait"),
    ],
)  # fmt: skip
def test_the_stand_ins_refuse_what_is_not_documented(machine, call, said):
    assert said in documented.find_fault(call.split())
    assert bool(said) == bool(documented.find_fault(call.split()))
    name, *words = call.split()
    machine.program(name, "exit 0")
    done = subprocess.run(
        [machine.home / "bin" / name, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 2) == bool(said) and said in done.stderr


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


def test_a_local_sweep_gives_a_stage_to_one_program_with_several_workers(machine):
    machine.program("foi-run", 'while read -r line; do bash -c "$line"; done')
    plan = [flag for flag in PLAN if not flag.startswith("--sources")]
    code, _, err = machine.run("sweep_local.sh", "--jobs=3", "--seeds=0,1", *plan)
    assert code == 0, err
    calls = [call for call in machine.calls("foi-target") if "--seed" in call]
    assert len(calls) == len(set(calls)) == 2 * (2 + 17)
    assert machine.calls("foi-run") == ["foi-run --jobs=3 --retry=60"] * 3


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
        assert {"--requeue", "--signal=TERM@300", "--partition=gpu"} <= set(call)
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


@pytest.mark.parametrize(
    ("given", "strategy", "devices"),
    [
        ([], "", ""), (["--sbatch=--partition=a --time=1:00"], "", ""),
        (["--sbatch=--partition=a --gres=gpu:1"], "mirrored", "gpu"),
        (["--sbatch=--gpus-per-node=4"], "mirrored", "gpu"), (["--sbatch=-G 2"], "mirrored", "gpu"),
        (["--sbatch=--gres=gpu:2", "--strategy=auto"], "mirrored", "gpu"),
        (["--sbatch=--gres=gpu:2", "--nodes=2"], "multi_worker", "gpu"),
        (["--nodes=2"], "multi_worker", ""),
    ],
)  # fmt: skip
def test_slurm_jobs_train_on_what_they_ask_for(machine, given, strategy, devices):
    machine.shorten_plan()
    code, out, err = machine.run("sweep_slurm.sh", "--dry_run", *given, *PLAN)
    assert code == 0, err
    jobs = [shlex.split(line) for line in out.splitlines() if line.startswith("sbatch")]
    assert all(f"--export=ALL,FOI_DEVICES={devices}" in job for job in jobs) and len(jobs) == 3
    taken = [line.rpartition("--strategy=")[2] for line in plan(machine).splitlines()[1:]]
    assert taken == [strategy] * 3 if strategy else "--strategy" not in plan(machine)


@pytest.mark.parametrize(
    ("given", "strategy", "limits", "select"),
    [
        ([], "", None, {}),
        (["--gpus=4"], "mirrored", {"nvidia.com/gpu": 4}, {}),
        (["--resources={limits: {nvidia.com/gpu: 1}}", "--select={pool: a}"], "mirrored",
         {"nvidia.com/gpu": 1}, {"pool": "a"}),
        (["--gke_tpu=tpu-v5-lite-podslice:2x4"], "tpu", {"google.com/tpu": 8},
         {"cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
          "cloud.google.com/gke-tpu-topology": "2x4"}),
        (["--gke_tpu=tpu-v4-podslice:2x2x1", "--spot=1"], "tpu", {"google.com/tpu": 4},
         {"cloud.google.com/gke-tpu-accelerator": "tpu-v4-podslice",
          "cloud.google.com/gke-tpu-topology": "2x2x1", "cloud.google.com/gke-spot": "true"}),
    ],
)  # fmt: skip
def test_pods_train_on_what_they_ask_for(machine, given, strategy, limits, select):
    machine.shorten_plan()
    cluster = CLUSTER["sweep_kubernetes.sh"]
    code, out, err = machine.run("sweep_kubernetes.sh", "--dry_run", *cluster, *given, *PLAN)
    assert code == 0, err
    for job in filter(None, yaml.safe_load_all(out)):
        pod = job["spec"]["template"]["spec"]
        (worker,) = pod["containers"]
        assert worker["resources"].get("limits") == limits
        assert pod["nodeSelector"] == select
        devices = {"mirrored": "gpu", "tpu": "tpu"}.get(strategy, "")
        assert {"name": "FOI_DEVICES", "value": devices} in worker["env"]
    assert plan(machine).count("--strategy=") == (3 if strategy else 0)
    assert plan(machine).count(f"--strategy={strategy}") == (3 if strategy else 0)


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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_pods_fetch_weights_by_name(machine):
    given = ["--image=i", "--claim=c", "--init=hrnet_w48_imagenet", "--dry_run"]
    plan = [flag for flag in PLAN if not flag.startswith("--init")]
    code, out, err = machine.run("sweep_kubernetes.sh", *given, *plan)
    assert code == 0 and "kind: Job" in out, err
    (written,) = machine.home.glob("foi_plan*")
    assert "--init=hrnet_w48_imagenet" in written.read_text()


@pytest.mark.parametrize(
    ("script", "given", "said"),
    [
        ("sweep_kubernetes.sh", ["--image=i"], "--claim is missing"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--gke_tpu=tpu-v5e:2x4"],
         "--gke_tpu=tpu-v5e:2x4: no TPU of one host"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--gke_tpu=tpu-v6e-slice:2x2",
         "--gpus=1"], "--gke_tpu takes no --gpus"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--gpus=two"], "--gpus=two: must be"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--spot=1"], "--spot=1 is for --gke"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--gpus=1", "--strategy=cpu"],
         "--strategy=cpu does not train on the GPUs"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--data_dir=data"],
         "--data_dir=data: pods do not see that; give gs://..., or a path in /study"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--init=weights/ilsvrc"],
         "--init=weights/ilsvrc: pods do not see that"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--workdir=/studyx"],
         "--workdir=/studyx: pods do not see that"),
        ("sweep_slurm.sh", ["--sbatch=--gres=gpu:1", "--strategy=cpu"],
         "--strategy=cpu does not train on the GPUs"),
        ("sweep_slurm.sh", ["--nodes=2", "--strategy=mirrored"],
         "--strategy=mirrored does not train on 2 machines"),
        ("sweep_slurm.sh", ["--nodes=two"], "--nodes=two: must be a whole number"),
        ("sweep_slurm.sh", ["--at_once=0"], "--at_once=0: must be a whole number"),
        ("sweep_kubernetes.sh", ["--image=i", "--claim=c", "--at_once=0"], "--at_once=0: must be"),
        ("tpu_vm.sh", ["--name=n"], "--zone is missing"),
        ("tpu_vm.sh", ["--name=n", "--zone=z", "--workdir=work"], "--workdir must be in a bucket"),
    ],
)  # fmt: skip
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
