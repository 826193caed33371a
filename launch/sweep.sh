# shellcheck shell=bash disable=SC2154
# Functions of all sweeps. To be sourced. A plan is a file that `foi-plan --stages` prints: one
# command a line, after its stage, line, needs, chip-hours, their basis, and group, separated by
# tabs. A chunk is some commands of one group, which share a training step.
#
#   parse_flags SPEC ARGUMENTS...  sets variables from the launcher's own flags, which SPEC lists as
#                             "name=default ..."; sets $plan_flags to the other arguments, which
#                             are for foi-plan
#   write_plan                writes the plan of $plan_flags to the file $plan. Without --plan the
#                             file is named by its content, so that no other sweep in this
#                             directory replaces a plan that workers still read
#   train_on NAME DEVICES     makes the plan's --strategy NAME, which trains on DEVICES; ends the
#                             script if the caller has given another one
#   stages_of                 prints the stages in order
#   commands_of STAGE         prints the commands of a stage; STAGE=all prints all commands
#   chunks_of STAGE SIZE      prints chunks of up to SIZE commands: each line is the chunk's number,
#                             from 0 on, a tab and a command
#   chunk_size STAGE WORKERS  prints the size of chunks that gives each worker some chunks (four;
#                             this number is ours)
#   chunks STAGE SIZE         prints the number of chunks
#   published NAME            tells whether --init=NAME are published weights, which programs fetch
#                             by themselves, and no path of this machine
#   execute COMMAND...        runs the command, or prints it with --dry_run

# shellcheck source=launch/common.sh
source "$ROOT/launch/common.sh"

parse_flags() {
  # The names start with _ because locals would hide variables that this function sets.
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

train_on() {
  local _flag
  for _flag in "${plan_flags[@]}"; do
    case "$_flag" in
      "--strategy=$1" | --strategy=auto) ;;
      --strategy=*) fail "$_flag does not train on $2; leave it out" ;;
    esac
  done
  plan_flags+=("--strategy=$1")
}

published() {
  command -v foi-weights >/dev/null || fail "foi-weights is not on the PATH; install foi_tf, or" \
    "activate its environment"
  # With -q, grep would end early, and whoever still writes to it would fail.
  [ ! -e "$1" ] && foi-weights list | cut -f 1 | grep -xF -- "$1" >/dev/null
}

write_plan() {
  command -v foi-plan >/dev/null || fail "foi-plan is not on the PATH; install foi_tf, or" \
    "activate its environment"
  # Writes the whole plan or none: a launcher must not run half a plan.
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
    NR > 1 && (stage == "all" || $1 == stage) { group[++n] = $6; command[n] = $7; all_of[$6]++ }
    END {
      for (i = 1; i <= n; i++) {
        # A group that does not fit into the rest of a chunk begins the next one.
        begins = i > 1 && group[i] != group[i - 1]
        if (held == size || (begins && held + all_of[group[i]] > size)) { chunk++; held = 0 }
        held++
        print chunk + 0 "\t" command[i]
      }
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
