#!/usr/bin/env bash
# Submits a whole plan to Slurm: a job array for each stage, which waits for the one before.
#
#   bash launch/sweep_slurm.sh [--at_once=32] [--array=1000] [--nodes=1] [--notice=300]
#     [--plan=FILE] [--sbatch="--partition=gpu --gres=gpu:1 --time=24:00:00"] [--dry_run]
#     FLAGS OF FOI-PLAN
#
# --array is the cluster's MaxArraySize at most. An array task takes some commands that share a
# training step, and more where a stage has many. With --nodes above 1 a command runs on so many machines, a task on each, for
# --strategy=multi_worker. --notice seconds before the time limit, and when it is preempted, a
# task saves a checkpoint and is queued again. All of it lies on a file system that the machines
# share. The ids of the jobs are printed.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

at_once='' array='' nodes='' notice='' sbatch=''
parse_flags "at_once=32 array=1000 nodes=1 notice=300 sbatch=" "$@"
write_plan
plan=$(cd "$(dirname "$plan")" && pwd)/$(basename "$plan")
read -r -a extra <<<"$sbatch"

after=''
for stage in $(stages_of); do
  size=$(chunk_size "$stage" "$at_once")
  total=$(chunks "$stage" "$size")
  tasks=$((total < array ? total : array))
  submit=(sbatch --parsable --job-name="foi-stage-$stage" --array="0-$((tasks - 1))%$at_once"
    --nodes="$nodes" --ntasks-per-node=1 --requeue --open-mode=append
    --signal="B:TERM@$notice" "${extra[@]}")
  # A command that fails must not keep all others waiting; what needs it says so in a line.
  [ -z "$after" ] || submit+=(--dependency="afterany:$after")
  submit+=("$ROOT/launch/slurm_job.sh" "$ROOT" "$plan" "$stage" "$tasks" "$size")
  if [ "$dry_run" = 1 ]; then
    echo "stage $stage: $(commands_of "$stage" | wc -l) commands in $tasks array tasks"
    execute "${submit[@]}"
    after="JOB_OF_STAGE_$stage"
  else
    after=$("${submit[@]}") || fail "stage $stage was not submitted; see above"
    after=${after%%;*} # Behind it comes the cluster's name.
    echo "$after"
  fi
done
