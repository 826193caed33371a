"""TPUs: what is checked before one is made, how it is filled and driven, and SkyPilot's file."""

import re
import shlex
import subprocess

import pytest
import yaml

from tests.launch import documented
from tests.launch.conftest import COMMANDS, PLAN, ROOT
from tests.launch.test_sweeps import CLUSTER, plan

HERE = CLUSTER["tpu_vm.sh"]
CHECKED = ["ls", "ls", "describe"]
LOOKED_UP = ["versions", "accelerator-types"]
DRIVEN = ["scp", "ssh", "scp", "ssh"]
# The stand-in of a project that has no TPU yet; FAIL is a verb that fails with SAID.
EMPTY = """
case "$*" in
  *"tpu-vm $FAIL "* | "storage $FAIL "*"$OF"*) [ -z "$FAIL" ] || { echo "$SAID" >&2; exit 1; } ;;
esac
case "$*" in
  *" scp "*foi_plan.tsv*) cp "$5" sent.tsv ;;
  "compute tpus tpu-vm describe "*) [ -z "$STATE" ] && exit 1; echo "$STATE" ;;
esac
exit 0
"""


def verbs(machine):
    calls = [call.split()[1:] for call in machine.calls("gcloud")]
    return [words[3] if words[0] == "compute" else words[1] for words in calls]


def run(machine, *given, short=True, **environment):
    machine.program("gcloud", EMPTY)
    if short:
        machine.shorten_plan()
    settings = {"FAIL": "", "SAID": "", "STATE": "", "OF": ""} | environment
    return machine.run("tpu_vm.sh", *HERE, *given, *PLAN, **settings)


def test_a_tpu_is_made_filled_and_driven(machine):
    code, _, err = run(machine, "--create=v3-8", "--spot=1", short=False)
    assert code == 0, err
    calls = machine.calls("gcloud")
    assert verbs(machine) == [*CHECKED, *LOOKED_UP, "create", *DRIVEN]
    assert "--accelerator-type=v3-8 --version=tpu-ubuntu2204-base --spot" in calls[5]
    assert "--worker=all" in calls[6] and "--worker=all" in calls[7]
    assert calls[7].endswith("bash foi_tf/launch/tpu_host.sh")
    assert "--worker=0" in calls[9] and "worker.sh foi_plan.tsv all 0 1" in calls[9]
    assert "FOI_DEVICES=tpu" in calls[9]
    made = plan(machine)
    assert made.count("--strategy=tpu") == sum(map(len, COMMANDS)) and "--tpu=" not in made


@pytest.mark.parametrize(("state", "made"), [
    ("READY", []), ("PREEMPTED", ["delete", "create"]), ("TERMINATED", ["delete", "create"]),
])  # fmt: skip
def test_a_tpu_that_was_taken_away_is_made_again(machine, state, made):
    code, _, err = run(machine, "--create=v3-8", STATE=state)
    assert code == 0, err
    assert verbs(machine) == [*CHECKED, *(LOOKED_UP if made else []), *made, *DRIVEN]


@pytest.mark.parametrize(
    ("create", "runtime"),
    [
        ("v2-8", "tpu-ubuntu2204-base"), ("v4-8", "tpu-ubuntu2204-base"),
        ("v5litepod-4", "v2-alpha-tpuv5-lite"), ("v5p-8", "v2-alpha-tpuv5"),
        ("v6e-1", "v2-alpha-tpuv6e"),
    ],
)  # fmt: skip
def test_each_type_gets_its_image(machine, create, runtime):
    code, out, err = run(machine, "--dry_run", f"--create={create}")
    assert code == 0 and machine.calls() == [], err
    assert f"--accelerator-type={create} --version={runtime} " in out


def test_a_dry_run_prints_documented_commands_in_order(machine):
    code, out, err = run(machine, "--dry_run", "--create=v3-8")
    assert code == 0, err
    calls = [shlex.split(line) for line in out.splitlines()]
    assert [call[0] for call in calls].count("tar") == 1
    clouds = [call for call in calls if call[0] == "gcloud"]
    assert len(clouds) == 9 and not any(map(documented.find_fault, clouds))
    assert "alpha" not in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--create=v1-8"], "--create=v1-8: no accelerator type that TensorFlow supports"),
        (["--create=tpu7x-8"], "--create=tpu7x-8: no accelerator type"),
        (["--create=v3"], "--create=v3: no accelerator type"),
        (["--create=v3-x"], "--create=v3-x: no accelerator type"),
        (["--create=v3-32"], "--create=v3-32 has several hosts; give --pod=1"),
        (["--create=v3-8", "--pod=1"], "--create=v3-8 has one host; leave --pod=1 out"),
        (["--create=v3-32", "--pod=1"], "--pod=1 needs --runtime, as tpu-vm-tf-2.18.0-pod-pjrt"),
        (["--create=v3-32", "--pod=1", "--runtime=tpu-vm-tf-2.18.0-pjrt"],
         "--runtime=tpu-vm-tf-2.18.0-pjrt: --pod=1 needs an image of slices"),
        (["--create=v3-8", "--runtime=tpu-vm-tf-2.18.0-pod-pjrt"],
         "--runtime=tpu-vm-tf-2.18.0-pod-pjrt is for slices"),
        (["--create=v3-8", "--runtime=tpu-vm-tf-2.14.1"],
         "--runtime=tpu-vm-tf-2.14.1: foi_tf runs on TensorFlow 2.15 to 2.20"),
        (["--create=v5litepod-8", "--runtime=tpu-vm-tf-2.18.0"],
         "--runtime=tpu-vm-tf-2.18.0: v5litepod-8 needs an image with -pjrt"),
        (["--create=v6e-8", "--runtime=tpu-ubuntu2204-base"],
         "--runtime=tpu-ubuntu2204-base does not fit --create=v6e-8; leave it out (v2-alpha"),
        (["--create=v3-8", "--spot=yes"], "--spot=yes: must be 0 or 1"),
        (["--init=weights/none"], "--init=weights/none: no such file here"),
        (["--strategy=cpu"], "--strategy=cpu does not train on the TPU"),
    ],
)  # fmt: skip
def test_what_cannot_work_stops_before_anything_is_asked(machine, given, said):
    code, out, err = run(machine, *given)
    assert (code, out, machine.calls()) == (1, "", []), err
    assert err.startswith(f"tpu_vm.sh: {said}") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("failing", "of", "text", "said"),
    [
        ("ls", "gs://b/data", "ERROR: (gcloud.storage.ls) One or more URLs matched no objects.",
         "--data_dir=gs://b/data: there is none"),
        ("ls", "gs://b/data", "ERROR: (gcloud.storage.ls) You do not currently have an active "
         "account selected. Please run: $ gcloud auth login",
         "--data_dir=gs://b/data: gcloud is not signed in"),
        ("ls", "gs://b/init", "matched no objects", "--init=gs://b/init: there is none"),
        ("versions", "", "ERROR: NOT_FOUND: Resource",
         "--runtime=tpu-ubuntu2204-base in z-a: there is none"),
        ("versions", "", "Cloud TPU API has not been used in project 1 before or it is disabled.",
         "--runtime=tpu-ubuntu2204-base in z-a: the project has the Cloud TPU API turned off"),
        ("accelerator-types", "", "PERMISSION_DENIED: Permission 'tpu.acceleratortypes.get' denied",
         "--create=v3-8 in z-a: your account may not do that"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_cloud_stops_before_a_tpu_is_made(machine, failing, of, text, said):
    given = ["--create=v3-8", *(["--init=gs://b/init"] if "init" in of else [])]
    code, _, err = run(machine, *given, FAIL=failing, OF=of, SAID=text)
    assert code == 1 and "create" not in verbs(machine)
    assert err.splitlines()[-1].startswith(f"tpu_vm.sh: {said}") and text in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Quota limit 'TPUV2sPodPerProjectPerZoneForTPUAPI' has been exceeded. Limit: 0 in zone",
         "the project's quota of such TPUs is used up or 0"),
        ('"code": 8, "message": "There is no more capacity in the zone \\"z-a\\"; you can try',
         "the zone has no such TPU free now"),
        ("Insufficient reserved capacity. Contact customer support", "such TPUs are given to"),
        ("something else", "gcloud failed (gcloud: something else)"),
    ],
)  # fmt: skip
def test_why_no_tpu_was_made_is_said(machine, text, said):
    code, _, err = run(machine, "--create=v3-8", FAIL="create", SAID=text)
    assert code == 1 and verbs(machine)[-1] == "create"
    last = err.splitlines()[-1]
    assert last.startswith(f"tpu_vm.sh: the TPU was not made: {said}") and text in last


def test_no_tpu_without_create_is_said(machine):
    code, _, err = run(machine)
    assert code == 1 and "there is no TPU mytpu in z-a; --create=v3-8 makes one" in err


@pytest.mark.parametrize(("state", "end"), [("", ["ssh", "delete"]), ("READY", ["ssh"])])
def test_a_tpu_that_cannot_be_used_is_not_paid_for(machine, state, end):
    code, _, err = run(machine, "--create=v3-8", FAIL="ssh", SAID="no", STATE=state)
    assert code == 1 and verbs(machine)[-len(end) :] == end
    assert ("The TPU was deleted" in err) == (state == "")


def test_hosts_fetch_weights_by_name(machine):
    code, _, err = run(machine, "--init=hrnet_w48_imagenet", STATE="READY")
    assert code == 0, err
    assert "--init=hrnet_w48_imagenet" in plan(machine)
    assert not any("gcloud storage cp" in call for call in machine.calls("gcloud"))


def test_local_weights_and_configurations_are_taken_along(machine):
    (machine.home / "weights/ilsvrc").mkdir(parents=True)
    config = machine.home / "own.yaml"
    config.write_text((ROOT / "configs/mini.yaml").read_text())
    code, _, err = run(
        machine, "--create=v3-8", "--init=weights/ilsvrc/", f"--config={config}", STATE="READY"
    )
    assert code == 0, err
    calls = machine.calls("gcloud")
    work = "gs://b/work"  # Of PLAN.
    assert f"gcloud storage cp --recursive weights/ilsvrc {work}/init/" in calls
    assert any(call.split()[5:7] == [str(config), "mytpu:foi_config.yaml"] for call in calls)
    assert f"--init={work}/init/ilsvrc" in plan(machine)
    sent = (machine.home / "sent.tsv").read_text()
    assert sent == plan(machine).replace(str(config), "foi_config.yaml")
    assert sent.count("--config=foi_config.yaml") == 3 and "weights/ilsvrc" not in sent


def test_the_first_host_of_a_slice_drives_the_others(machine):
    runtime = "--runtime=tpu-vm-tf-2.18.0-pod-pjrt"
    code, _, err = run(machine, "--create=v3-32", "--pod=1", runtime)
    assert code == 0, err
    calls = machine.calls("gcloud")
    assert "export TPU_LOAD_LIBRARY=0 TPU_NAME=mytpu" in calls[-1]
    assert calls[-3].endswith("tpu_host.sh --tensorflow=image")
    assert "--strategy=tpu --tpu=mytpu" in plan(machine)


def test_a_python_that_is_too_old_is_named(machine):
    machine.program("python3", '[ "$1" != --version ] && exit 1; echo Python 3.10.12')
    code, _, err = machine.run("tpu_host.sh", "--tensorflow=image")
    assert code == 1 and err.startswith("tpu_host.sh: the image has Python 3.10.12, foi_tf needs")


def test_an_image_without_tensorflow_gets_its_own(machine):
    code, out, err = machine.run("tpu_host.sh", "--dry_run", HOME="/home/me")
    assert code == 0, err
    python = "/home/me/foi_env/bin/python"
    assert [shlex.split(line) for line in out.splitlines()] == [
        ["python3", "-m", "pip", "install", "--quiet", "--user", "uv"],
        [
            "python3",
            "-m",
            "uv",
            "venv",
            "--quiet",
            "--clear",
            "--seed",
            "--python",
            "3.12",
            "/home/me/foi_env",
        ],
        [python, "-m", "pip", "install", "--quiet", "tensorflow-tpu==2.20.*", "libtpu<=0.0.21.1"],
        ["env", f"FOI_PYTHON={python}", "bash", f"{ROOT}/launch/install_beside.sh"],
        [python, "-c", "import foi_tf.bin.run, foi_tf.training.strategies"],
    ]


# docs.skypilot.co/en/latest/reference/yaml-spec.html
TASK = "name workdir num_nodes resources envs secrets volumes file_mounts setup run config"
RESOURCES = (
    "infra accelerators accelerator_args cpus memory instance_type use_spot disk_size disk_tier "
    "network_tier max_hourly_cost image_id ports labels autostop any_of ordered job_recovery"
)


def test_skypilots_task_is_documented_and_runs_the_plan(machine):
    text = (ROOT / "launch/skypilot.yaml").read_text()
    task = yaml.safe_load(text)
    assert set(task) <= set(TASK.split()) and set(task["resources"]) <= set(RESOURCES.split())
    assert set(task["resources"]["accelerator_args"]) <= {"runtime_version", "tpu_vm", "tpu_name"}
    shown = re.search(r"#   (sky jobs launch .+?skypilot\.yaml)\n", text, re.DOTALL)[1]
    assert not documented.find_fault(shlex.split(shown.replace("\n#", "")))
    # Its commands, with PATH as on the machine; the TPU's library is made up.
    library = machine.home / "libtpu.so"
    library.touch()
    machine.program("own_python", f"echo {library}")
    done = subprocess.run(
        ["bash", "-c", task["run"].replace("launch/", f"{ROOT}/launch/")],
        cwd=machine.home, text=True, capture_output=True, check=False,
        env={
            "PATH": f"{machine.home}/bin:/usr/bin:/bin", "HOME": str(machine.home),
            "PYTHONPATH": str(ROOT), "PLAN_FLAGS": " ".join(PLAN),
            "FOI_PYTHON": str(machine.home / "bin/own_python"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    called = machine.calls("foi-")
    assert len(called) == sum(map(len, COMMANDS))
    assert all("--strategy=tpu" in call for call in called)
