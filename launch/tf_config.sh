# shellcheck shell=bash
# Sets TF_CONFIG of one task of a Slurm step with a task a machine, for --strategy=multi_worker;
# to be sourced.

_port=$((20000 + SLURM_JOB_ID % 20000)) # The same on all machines of a job, rarely that of another.
_workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
  awk -v port="$_port" '{ printf "%s\"%s:%s\"", sep, $1, port; sep = ", " }')
TF_CONFIG=$(printf '{"cluster": {"worker": [%s]}, "task": {"type": "worker", "index": %d}}' \
  "$_workers" "$SLURM_PROCID")
export TF_CONFIG
