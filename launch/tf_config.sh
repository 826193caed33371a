# shellcheck shell=bash
# Sets TF_CONFIG for --strategy=multi_worker, in a Slurm step that has one task on each machine.
# To be sourced.

_port=$((20000 + SLURM_JOB_ID % 20000)) # All machines of a job agree on it; jobs rarely share it.
_workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
  awk -v port="$_port" '{ printf "%s\"%s:%s\"", sep, $1, port; sep = ", " }')
TF_CONFIG=$(printf '{"cluster": {"worker": [%s]}, "task": {"type": "worker", "index": %d}}' \
  "$_workers" "$SLURM_PROCID")
export TF_CONFIG
