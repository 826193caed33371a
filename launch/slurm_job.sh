#!/usr/bin/env bash
# Runs one array task of launch/sweep_slurm.sh, which submits this script.
#
#   sbatch ... launch/slurm_job.sh ROOT PLAN STAGE TASKS SIZE
set -euo pipefail
ROOT=$1 # Slurm runs a copy of this file in another directory.
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"

# srun answers SIGTERM by SIGKILL to its tasks, so they get the signal from Slurm. That is also how it
# comes before the time limit (--signal of sweep_slurm.sh).
stop_child() {
  scancel --signal=TERM "$SLURM_JOB_ID.0" || true
}

run_child srun bash "$ROOT/launch/worker.sh" "$2" "$3" "$SLURM_ARRAY_TASK_ID" "$4" "$5"
if [ -n "$stopped" ] || [ "$code" = 143 ]; then
  # Fails where Slurm queues preempted jobs again by itself.
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" || true
fi
exit "$code"
