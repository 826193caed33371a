# shellcheck shell=bash disable=SC2154
# Checks of launch/tpu_vm.sh that need no TPU. To be sourced. Names of images and accelerator types
# are those of https://cloud.google.com/tpu/docs/runtimes.
#
#   image_of TYPE         prints the image without TensorFlow for an accelerator type
#   check_image           ends the script unless $create, $runtime, $pod and foi_tf go together
#   ask WHAT COMMAND...   runs a command that changes nothing; if it fails, ends the script with WHAT
#                         and the meaning of what it said; --dry_run prints the command
#   explain FILE          prints what a failed command of gcloud means, from what it wrote to FILE

image_of() {
  case "$1" in
    v[234]-*) echo tpu-ubuntu2204-base ;;
    v5litepod-*) echo v2-alpha-tpuv5-lite ;;
    v5p-*) echo v2-alpha-tpuv5 ;;
    v6e-*) echo v2-alpha-tpuv6e ;;
  esac
}

check_image() {
  local size=${create##*-} base tensorflow='^tpu-vm-tf-2\.([0-9]+)\.[0-9]+(-pod)?(-[a-z0-9-]+)?$'
  base=$(image_of "$create")
  case "$base $size" in
    " "* | *" " | *" "*[!0-9]*) fail "--create=$create: no accelerator type that TensorFlow" \
      "supports; give v2-8, v3-8, v4-8, v5litepod-8, v5p-8 or v6e-8, or a larger one of these" ;;
  esac
  if [ "$size" -gt 8 ] && [ "$pod" = 0 ]; then
    fail "--create=$create has several hosts; give --pod=1, or a type of up to 8"
  elif [ "$size" -le 8 ] && [ "$pod" = 1 ]; then
    fail "--create=$create has one host; leave --pod=1 out"
  fi
  [ -n "$runtime" ] || [ "$pod" = 1 ] || runtime=$base
  if [[ "$runtime" =~ $tensorflow ]]; then
    if [ "${BASH_REMATCH[1]}" -lt 15 ] || [ "${BASH_REMATCH[1]}" -gt 20 ]; then
      fail "--runtime=$runtime: foi_tf runs on TensorFlow 2.15 to 2.20"
    elif [ "$pod" = 1 ] && [ -z "${BASH_REMATCH[2]}" ]; then
      fail "--runtime=$runtime: --pod=1 needs an image of slices, as tpu-vm-tf-2.18.0-pod-pjrt"
    elif [ "$pod" = 0 ] && [ -n "${BASH_REMATCH[2]}" ]; then
      fail "--runtime=$runtime is for slices of several hosts; give --pod=1, or leave -pod out"
    fi
    case "$create $runtime" in
      v[56]*-pjrt*) ;;
      v[56]*) fail "--runtime=$runtime: $create needs an image with -pjrt" ;;
    esac
  elif [ "$pod" = 1 ]; then
    fail "--pod=1 needs --runtime, as tpu-vm-tf-2.18.0-pod-pjrt: TensorFlow's servers must run on" \
      "all hosts"
  elif [ "$runtime" != "$base" ]; then
    fail "--runtime=$runtime does not fit --create=$create; leave it out ($base), or give an image" \
      "with TensorFlow, as tpu-vm-tf-2.18.0-pjrt"
  fi
}

ask() {
  if [ "$dry_run" = 1 ]; then
    execute "${@:2}"
  elif ! "${@:2}" >/dev/null 2>"$said"; then
    fail "$1: $(explain "$said")"
  fi
}

explain() {
  local text
  text=$(tr -s '[:space:]' ' ' <"$1")
  case "$text" in
    *"Quota limit"* | *[Qq]"uota"*exceeded*)
      echo "the project's quota of such TPUs is used up or 0; ask for more at" \
        "https://cloud.google.com/tpu/docs/quota. Spot TPUs (--spot=1) have a quota of their own"
      ;;
    *"no more capacity"*)
      echo "the zone has no such TPU free now; try later, another zone, or the other of --spot=0" \
        "and --spot=1. This is not the project's quota"
      ;;
    *"nsufficient reserved capacity"*) echo "such TPUs are given to reservations only; try --spot=1" ;;
    *"has not been used in project"* | *SERVICE_DISABLED*)
      echo "the project has the Cloud TPU API turned off; gcloud services enable tpu.googleapis.com"
      ;;
    *"auth login"* | *"active account"*) echo "gcloud is not signed in; gcloud auth login" ;;
    *PERMISSION_DENIED* | *"does not have"*access* | *ermission*denied* | *"HTTPError 403"*)
      echo "your account may not do that; it needs the roles TPU Admin and Storage Object Admin"
      ;;
    *NOT_FOUND* | *"not found"* | *"matched no objects"*) echo "there is none" ;;
    *) echo "gcloud failed" ;;
  esac | tr '\n' ' '
  echo "(gcloud: ${text% })"
}
