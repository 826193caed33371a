# shellcheck shell=bash disable=SC2034
# Runs a command so that SIGTERM and Ctrl-C reach it, and all that it started, once; to be sourced.
#
#   run_child COMMAND...    sets $code to its exit code, and $stopped if a signal came. A shell
#                           that waits in the foreground would keep the signal to itself, and
#                           the command could not save its checkpoint.

stopped=''
child=''
trap 'stopped=1; [ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null' TERM INT

run_child() {
  set -m # A process group of its own, to be signalled as a whole.
  "$@" &
  child=$!
  set +m
  code=0
  wait "$child" || code=$?
  # A signal ends `wait`, but not yet the command.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  while kill -0 -- "-$child" 2>/dev/null; do sleep 0.2; done
  child=''
}
