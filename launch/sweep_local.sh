#!/usr/bin/env bash
# Runs a whole plan on this machine, several commands at a time, stage by stage.
#
#   bash launch/sweep_local.sh [--jobs=2] [--plan=FILE] [--dry_run] FLAGS OF FOI-PLAN
#
# --jobs is the number of commands at a time. Finished links are not trained again, so the same call
# goes on after an interruption. On SIGTERM the running commands save their checkpoints first.
# --dry_run prints the commands. On a machine with GPUs every command takes all of them, so give
# --jobs=1 there, or --strategy=cpu.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
# shellcheck source=launch/devices.sh
source "$ROOT/launch/devices.sh"

jobs=''
parse_flags "jobs=2" "$@"
check_count --jobs "$jobs"
write_plan

# Each process takes the next command when it is free, and keeps its traced step.
run_stage() {
  commands_of "$1" | foi-run --jobs="$jobs" --retry="${FOI_RETRY:-60}"
}

[ "$dry_run" = 1 ] || prepare_devices

for stage in $(stages_of); do
  total=$(commands_of "$stage" | wc -l)
  if [ "$dry_run" = 1 ]; then
    echo "stage $stage: $(counted "$total" command), $jobs at a time"
    commands_of "$stage"
  else
    run_child run_stage "$stage"
    [ -z "$stopped" ] || exit 143
    [ "$code" = 0 ] || fail "stage $stage: some commands failed; see above"
  fi
done
