#!/usr/bin/env bash
# Submits a whole plan to Slurm: a job array for each stage, which waits for the one before.
#
#   bash launch/sweep_slurm.sh [--at_once=32] [--array=1000] [--nodes=1] [--notice=300]
#     [--plan=FILE] [--sbatch="--partition=gpu --gres=gpu:1 --time=24:00:00"] [--dry_run]
#     FLAGS OF FOI-PLAN
#
# --at_once is the number of array tasks at a time; --array the largest number of them, at most the
# cluster's MaxArraySize. An array task runs some commands that share a training step, and more in a
# stage with many commands. A task that asks for GPUs trains on all that it gets
# (--strategy=mirrored), and ends at once if TensorFlow sees none. With --nodes=N each command runs
# on N machines, one task on each (--strategy=multi_worker). A task saves a checkpoint and is queued again when it is preempted, and
# --notice seconds before its time limit. Data and work must be on a file system that all machines
# share. Prints the ids of the jobs; --dry_run prints the sbatch commands instead.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

at_once='' array='' nodes='' notice='' sbatch=''
parse_flags "at_once=32 array=1000 nodes=1 notice=300 sbatch=" "$@"
for flag in nodes at_once array notice; do
  check_count "--$flag" "${!flag}"
done
read -r -a extra <<<"$sbatch"
devices=''
for word in "${extra[@]}"; do
  case "$word" in
    --gres=*gpu* | gpu:* | --gpus* | -G*) devices=gpu ;;
  esac
done
if [ "$nodes" != 1 ]; then
  train_on multi_worker "$nodes machines"
elif [ "$devices" = gpu ]; then
  train_on mirrored "the GPUs that --sbatch asks for"
fi
write_plan
plan=$(cd "$(dirname "$plan")" && pwd)/$(basename "$plan")

after=''
for stage in $(stages_of); do
  size=$(chunk_size "$stage" "$at_once")
  total=$(chunks "$stage" "$size")
  tasks=$((total < array ? total : array))
  submit=(sbatch --parsable --job-name="foi-stage-$stage" --array="0-$((tasks - 1))%$at_once"
    --nodes="$nodes" --ntasks-per-node=1 --requeue --open-mode=append
    --signal="TERM@$notice" --export="ALL,FOI_DEVICES=$devices" "${extra[@]}")
  # A failed command must not hold the next stage up; a command that needs it fails with a line.
  [ -z "$after" ] || submit+=(--dependency="afterany:$after")
  submit+=("$ROOT/launch/slurm_job.sh" "$ROOT" "$plan" "$stage" "$tasks" "$size")
  if [ "$dry_run" = 1 ]; then
    echo "stage $stage: $(counted "$(commands_of "$stage" | wc -l)" command) in" \
      "$(counted "$tasks" "array task")"
    execute "${submit[@]}"
    after="JOB_OF_STAGE_$stage"
  else
    after=$("${submit[@]}") || fail "stage $stage was not submitted; see above"
    after=${after%%;*} # The name of the cluster may follow.
    echo "$after"
  fi
done
