#!/usr/bin/env bash
# Runs every COUNT-th chunk of one stage of a plan, one after another, starting with chunk INDEX.
#
#   bash launch/worker.sh PLAN STAGE INDEX COUNT [SIZE]
#
# PLAN is a file that `foi-plan --stages` printed. STAGE is one of its stages, or "all". A chunk is
# up to SIZE commands (default 1) that share a training step; one process runs them. If a command
# fails, it is named and the others are run all the same. A link that another worker is training
# (exit code 75, of --busy=leave) is tried again. Exits with 0 if all commands are done, 1 if some
# failed, and 143 if SIGTERM came: the running command has then saved a checkpoint, and the same
# call goes on. FOI_DEVICES=gpu or tpu ends it at once where TensorFlow has none.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
# shellcheck source=launch/devices.sh
source "$ROOT/launch/devices.sh"

[ $# = 4 ] || [ $# = 5 ] || fail "wants PLAN STAGE INDEX COUNT [SIZE]"
plan=$1 stage=$2 index=$3 count=$4 size=${5:-1}
[ -f "$plan" ] || fail "$plan: no such file; foi-plan --stages prints one"
if [ "${SLURM_NTASKS:-1}" -gt 1 ]; then
  # shellcheck source=launch/tf_config.sh
  source "$ROOT/launch/tf_config.sh"
fi

prepare_devices

# shellcheck disable=SC2329 # `run_child` calls it.
run_commands() {
  if [ "$(wc -l <<<"$1")" = 1 ]; then
    eval "exec $1"
  fi
  exec foi-run --retry="$retry" <<<"$1"
}

retry=${FOI_RETRY:-60}
mapfile -t left < <(chunks_of "$stage" "$size" |
  awk -F '\t' -v i="$index" -v n="$count" '$1 % n == i { print $1 }' | uniq)
failed=0
while [ ${#left[@]} -gt 0 ]; do
  busy=()
  for chunk in "${left[@]}"; do
    commands=$(chunks_of "$stage" "$size" | awk -F '\t' -v c="$chunk" '$1 == c { print $2 }')
    [ -n "$commands" ] || fail "$plan: the file has changed; it has no chunk $chunk of stage" \
      "$stage any more"
    run_child run_commands "$commands"
    if [ -n "$stopped" ] || [ "$code" = 143 ]; then
      exit 143
    elif [ "$code" = 75 ]; then
      busy+=("$chunk")
    elif [ "$code" != 0 ]; then
      # foi-run has named the failed ones of several commands, unless it was killed itself.
      [ "$code" = 1 ] && [ "$(wc -l <<<"$commands")" != 1 ] ||
        echo "worker.sh: exit code $code of: $commands" >&2
      failed=1
    fi
  done
  left=("${busy[@]}")
  if [ ${#left[@]} -gt 0 ]; then
    run_child sleep "$retry"
    [ -z "$stopped" ] || exit 143
  fi
done
exit "$failed"
