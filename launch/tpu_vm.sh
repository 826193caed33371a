#!/usr/bin/env bash
# Runs a whole plan on a Cloud TPU VM, one command after another, each on all of its cores.
#
#   bash launch/tpu_vm.sh --name=NAME --zone=ZONE [--create=v3-8 --runtime=tpu-vm-tf-2.18.0-pjrt]
#     [--spot=1] [--pod=1] [--plan=FILE] [--dry_run]
#     --data_dir=gs://... --workdir=gs://... FLAGS OF FOI-PLAN
#
# --create is the accelerator type of the TPU to make if there is none of that name. --pod=1 is for
# a slice of several hosts (v3-32, with a runtime that ends in -pod): foi_tf is installed on all
# hosts, and the programs run on the first one, which drives the others. Data and work must be in a
# bucket, because a spot TPU that is taken away loses its disk. The same call makes the TPU again
# and goes on from the last checkpoint (--checkpoint_every). The connection has to stay open, so
# run this in tmux. --dry_run prints the commands.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

name='' zone='' create='' runtime='' spot='' pod=''
parse_flags "name= zone= create= runtime= spot=0 pod=0" "$@"
[ -n "$name" ] || fail "--name is missing: the name of the TPU"
[ -n "$zone" ] || fail "--zone is missing: the zone of the TPU"
[ -z "$create" ] || [ -n "$runtime" ] || fail "--create needs --runtime, as tpu-vm-tf-2.18.0-pjrt"
for place in data_dir workdir; do
  case " ${plan_flags[*]} " in
    *" --$place=gs://"*) ;;
    *) fail "--$place must be in a bucket (gs://...)" ;;
  esac
done

# On a single host TensorFlow loads the TPU's library. On a slice its servers have done so.
plan_flags+=(--strategy=tpu)
if [ "$pod" = 1 ]; then
  plan_flags+=(--tpu="$name")
  environment="export TPU_LOAD_LIBRARY=0 TPU_NAME=$name"
else
  environment="export NEXT_PLUGGABLE_DEVICE_USE_C_API=true"
  environment+=" TF_PLUGGABLE_DEVICE_LIBRARY_PATH=/lib/libtpu.so"
fi
write_plan

tpu=(gcloud alpha compute tpus tpu-vm)
on() { # WORKER COMMAND
  execute "${tpu[@]}" ssh "$name" --zone="$zone" --worker="$1" --command="$2"
}

# Prints the state of the TPU; nothing if there is none. A TPU that was taken away stays listed and
# never comes back.
state() {
  [ "$dry_run" = 1 ] ||
    "${tpu[@]}" describe "$name" --zone="$zone" --format="value(state)" 2>/dev/null || true
}

if [ -n "$create" ]; then
  found=$(state)
  case "$found" in PREEMPTED | TERMINATED)
    execute "${tpu[@]}" delete "$name" --zone="$zone" --quiet
    found=''
    ;;
  esac
  if [ -z "$found" ]; then
    made=(--accelerator-type="$create" --version="$runtime")
    [ "$spot" = 0 ] || made+=(--spot)
    execute "${tpu[@]}" create "$name" --zone="$zone" "${made[@]}"
  fi
fi
package=$(mktemp -d)
trap 'rm -r "$package"' EXIT
archive=$package/foi_tf.tar.gz
execute tar -czf "$archive" -C "$ROOT" setup.py README.md pyproject.toml foi_tf configs launch
execute "${tpu[@]}" scp "$archive" "$name:foi_tf.tar.gz" --zone="$zone" --worker=all
execute "${tpu[@]}" scp "$plan" "$name:foi_plan.tsv" --zone="$zone" --worker=0
on all "mkdir -p foi_tf && tar -xzf foi_tf.tar.gz -C foi_tf && bash foi_tf/launch/install_beside.sh"
on 0 "$environment PATH=\$HOME/.local/bin:\$PATH && bash foi_tf/launch/worker.sh foi_plan.tsv all 0 1"
