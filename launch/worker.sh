#!/usr/bin/env bash
# Runs every COUNT-th command of one stage of a plan, from the INDEX-th on, one after another.
#
#   bash launch/worker.sh PLAN STAGE INDEX COUNT
#
# PLAN is what `foi-plan --stages` printed; STAGE one of its stages, or "all". A command that fails
# is named and the others are run all the same; one that another worker is at (75, of --busy=leave)
# is tried again. Exits with 0 if all are done, 1 if some failed, 143 if SIGTERM came: the command
# that was running has then saved a checkpoint, and the same call goes on from there.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

[ $# = 4 ] || fail "wants PLAN STAGE INDEX COUNT"
plan=$1 stage=$2 index=$3 count=$4
[ -f "$plan" ] || fail "$plan: no such file; foi-plan --stages prints one"
if [ "${SLURM_NTASKS:-1}" -gt 1 ]; then
  # shellcheck source=launch/tf_config.sh
  source "$ROOT/launch/tf_config.sh"
fi

mapfile -t left < <(commands_of "$stage" | awk -v i="$index" -v n="$count" '(NR - 1) % n == i')
failed=0
while [ ${#left[@]} -gt 0 ]; do
  busy=()
  for command in "${left[@]}"; do
    run_child bash -c "exec $command"
    if [ -n "$stopped" ] || [ "$code" = 143 ]; then
      exit 143
    elif [ "$code" = 75 ]; then
      busy+=("$command")
    elif [ "$code" != 0 ]; then
      echo "worker.sh: exit code $code of: $command" >&2
      failed=1
    fi
  done
  left=("${busy[@]}")
  if [ ${#left[@]} -gt 0 ]; then
    run_child sleep "${FOI_RETRY:-60}"
    [ -z "$stopped" ] || exit 143
  fi
done
exit "$failed"
