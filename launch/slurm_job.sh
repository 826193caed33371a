#!/usr/bin/env bash
# What an array task of launch/sweep_slurm.sh runs; to be submitted by it.
#
#   sbatch ... launch/slurm_job.sh ROOT PLAN STAGE TASKS SIZE
set -euo pipefail
ROOT=$1 # Slurm runs a copy of this file, elsewhere.
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"

# srun passes signals on to its tasks.
run_child srun bash "$ROOT/launch/worker.sh" "$2" "$3" "$SLURM_ARRAY_TASK_ID" "$4" "$5"
if [ -n "$stopped" ] || [ "$code" = 143 ]; then
  # Where Slurm queues preempted jobs again by itself, it refuses to do it twice.
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" || true
fi
exit "$code"
