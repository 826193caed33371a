"""Signals and lost connections: what launchers do when what they wait for goes away."""

import subprocess

from tests.launch.conftest import PLAN, ROOT, wait_for


def test_tasks_of_slurm_get_the_signal_that_its_script_gets(machine):
    """srun answers SIGTERM by killing its tasks, so it must not get the signal itself."""
    begun, ended = machine.home / "begun", machine.home / "ended"
    machine.program(
        "srun",
        f"""
        trap 'echo killed >{ended}; exit 137' TERM
        touch {begun}
        until [ -e {machine.home}/told ]; do sleep 0.05; done
        echo saved >{ended}
        exit 143""",
    )
    machine.program("scancel", f"touch {machine.home}/told")
    machine.program("scontrol", "exit 0")
    job = {"SLURM_ARRAY_JOB_ID": "9", "SLURM_ARRAY_TASK_ID": "4", "SLURM_JOB_ID": "13"}
    process = machine.start("slurm_job.sh", ROOT, "plan.tsv", 0, 5, 1, **job)
    wait_for(begun)
    process.terminate()
    process.communicate(timeout=60)
    assert (process.returncode, ended.read_text()) == (143, "saved\n")
    assert machine.calls("scancel") == ["scancel --signal=TERM 13.0"]
    assert machine.calls("scontrol") == ["scontrol requeue 9_4"]


def test_no_command_starts_behind_a_signal(machine):
    script = machine.home / "script.sh"
    script.write_text(
        f'source "{ROOT}/launch/child.sh"; kill -TERM $$; run_child touch {machine.home}/ran\n'
        'echo "$code $stopped"\n'
    )
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=True)
    assert done.stdout == "143 1\n" and not (machine.home / "ran").exists()


def test_a_job_of_kubernetes_that_cannot_be_asked_for_ends_the_wait(machine):
    machine.shorten_plan()
    machine.program(
        "kubectl",
        """case "$*" in
        get*) echo gone >&2; exit 1 ;;
        wait*) exit 1 ;;
        *-f\\ -*) cat >/dev/null ;;
        esac""",
    )
    code, _, err = machine.run("sweep_kubernetes.sh", "--image=i", "--claim=c", *PLAN)
    assert code == 1 and "gone\n" in err and "cannot be asked for; see above" in err
