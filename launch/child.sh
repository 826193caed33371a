# shellcheck shell=bash disable=SC2034
# Runs a command so that SIGTERM and Ctrl-C reach it, and everything that it started, exactly once.
# To be sourced.
#
#   run_child COMMAND...    runs the command; sets $code to its exit code, and $stopped if a signal
#                           came. A shell that waits in the foreground would not pass the signal
#                           on, and the command could not save its checkpoint. After a signal no
#                           command is run, and $code is 143.
#   stop_child              passes a signal on to the command that runs; a script may define its own

stopped=''
child=''
trap 'stopped=1; [ -z "$child" ] || stop_child' TERM INT

stop_child() {
  kill -TERM -- "-$child" 2>/dev/null
}

run_child() {
  code=143
  [ -z "$stopped" ] || return 0
  set -m # The command gets a process group of its own, so that signals reach all of it.
  "$@" &
  child=$!
  set +m
  [ -z "$stopped" ] || stop_child # The signal came before the command was known.
  code=0
  wait "$child" || code=$?
  # A signal ends `wait` before the command has ended.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  while kill -0 -- "-$child" 2>/dev/null; do sleep 0.2; done
  child=''
}
