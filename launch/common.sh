# shellcheck shell=bash
# What all launch scripts share; to be sourced.
#
#   fail TEXT...              ends the script with a line and exit code 1
#   show_help                 prints the comment at the head of the script, and ends it

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

show_help() {
  awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$0"
  exit 0
}
