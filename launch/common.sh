# shellcheck shell=bash
# Functions of all launch scripts. To be sourced.
#
#   fail TEXT...              prints a line and ends the script with exit code 1
#   show_help                 prints the comment at the head of the script and ends it
#   counted 2 command         prints "2 commands"
#   check_count NAME VALUE    ends the script unless the value is a whole number, 1 or more

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

counted() {
  if [ "$1" = 1 ]; then echo "$1 $2"; else echo "$1 $2s"; fi
}

check_count() {
  case "$2" in
    '' | *[!0-9]* | 0*) fail "$1=$2: must be a whole number, 1 or more" ;;
  esac
}

show_help() {
  awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$0"
  exit 0
}
