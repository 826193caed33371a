# shellcheck shell=bash disable=SC2154
# What the sweeps share; to be sourced. A plan is what `foi-plan --stages` prints: a line a
# command, behind its stage, line, needs, chip-hours and their basis, and group, separated by tabs.
#
#   parse_flags SPEC ARGUMENTS...  takes the launcher's own flags, in SPEC as "name=default ...",
#                             out of the arguments into variables; the rest, which is for
#                             foi-plan, goes to $plan_flags
#   write_plan                makes $plan, a file, of them; without --plan one named by its content,
#                             so that no other sweep from here replaces what workers still read
#   stages_of                 prints the stages, in order
#   commands_of STAGE         prints the commands of one, or of all with STAGE=all
#   chunks_of STAGE SIZE      prints them behind a number and a tab: up to SIZE commands of a group,
#                             which share a training step, have the same number, from 0 on
#   chunk_size STAGE WORKERS  prints how many commands a chunk may have so that the workers still
#                             have some chunks each (four, ours)
#   chunks STAGE SIZE         prints how many chunks there are
#   execute COMMAND...        runs the command, or only prints it with --dry_run

# shellcheck source=launch/common.sh
source "$ROOT/launch/common.sh"

parse_flags() {
  # Locals would shadow the variables that are set.
  local _spec=" $1 dry_run=0 plan= " _argument _key
  shift
  for _key in $_spec; do
    printf -v "${_key%%=*}" '%s' "${_key#*=}"
  done
  plan_flags=()
  for _argument in "$@"; do
    _key=${_argument#--}
    _key=${_key%%=*}
    case "$_argument" in
      --dry_run) dry_run=1 ;;
      --help) show_help ;;
      --*=*)
        case "$_spec" in
          *" $_key="*) printf -v "$_key" '%s' "${_argument#*=}" ;;
          *) plan_flags+=("$_argument") ;;
        esac
        ;;
      *) plan_flags+=("$_argument") ;;
    esac
  done
}

write_plan() {
  command -v foi-plan >/dev/null || fail "foi-plan is not on the PATH; install foi_tf, or" \
    "activate its environment"
  # Whole or not at all: a launcher must not go through half a plan.
  local new=${plan:-foi_plan}.$$.new
  foi-plan --stages "${plan_flags[@]}" >"$new" || { rm -f "$new" && fail "no plan was made; see above"; }
  : "${plan:=foi_plan.$(cksum <"$new" | cut -d ' ' -f 1).tsv}"
  mv "$new" "$plan"
}

stages_of() {
  awk -F '\t' 'NR > 1 { print $1 }' "$plan" | sort -nu
}

commands_of() {
  awk -F '\t' -v stage="$1" 'NR > 1 && (stage == "all" || $1 == stage) { print $7 }' "$plan"
}

chunks_of() {
  awk -F '\t' -v stage="$1" -v size="$2" '
    NR > 1 && (stage == "all" || $1 == stage) {
      if (!count++) chunk = 0
      else if ($6 != group || held == size) { chunk++; held = 0 }
      group = $6; held++
      print chunk "\t" $7
    }' "$plan"
}

chunk_size() {
  local total
  total=$(commands_of "$1" | wc -l)
  echo $(((total + 4 * $2 - 1) / (4 * $2)))
}

chunks() {
  chunks_of "$1" "$2" | tail -n 1 | awk '{ print $1 + 1 }'
}

execute() {
  if [ "$dry_run" = 1 ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}
