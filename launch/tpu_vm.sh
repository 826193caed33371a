#!/usr/bin/env bash
# Runs a whole plan on a Cloud TPU VM, one command after another, each on all of its cores.
#
#   bash launch/tpu_vm.sh --name=NAME --zone=ZONE [--create=v3-8] [--runtime=IMAGE] [--spot=1]
#     [--pod=1] [--plan=FILE] [--dry_run] --data_dir=gs://... --workdir=gs://... FLAGS OF FOI-PLAN
#
# --create is the accelerator type of the TPU to make if there is none of that name. Before it is
# made, this is checked: that image, type and foi_tf go together, that the zone has the image and
# the type, that data, bucket and --init are there. --runtime is the image, by default the one
# without TensorFlow for the type (tpu-ubuntu2204-base, v2-alpha-tpuv5-lite, v2-alpha-tpuv5 or
# v2-alpha-tpuv6e), which gets Python 3.12 and TensorFlow 2.20 of its own. An image with TensorFlow
# (tpu-vm-tf-2.18.0-pjrt) serves only if its Python is 3.11 or newer; that cannot be seen before,
# so it is the first thing that is checked on the TPU. A TPU that this call has made and on which
# foi_tf cannot be installed is deleted. For the images of a zone:
# `gcloud compute tpus tpu-vm versions list --zone=ZONE`.
#
# --pod=1 is for a slice of several hosts (v3-32, with an image as tpu-vm-tf-2.18.0-pod-pjrt):
# foi_tf is installed on all hosts, and the programs run on the first one, which drives the others.
# Data and work must be in a bucket, because a spot TPU that is taken away loses its disk. A local
# --init is copied to WORKDIR/init, a local --config to the TPU. Weights by name (foi-weights list)
# are fetched by the TPU's hosts. The same call makes the TPU again and goes on from the last
# checkpoint (--checkpoint_every). The connection has to stay open, so run this in tmux. --dry_run
# prints the commands.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
# shellcheck source=launch/tpu_checks.sh
source "$ROOT/launch/tpu_checks.sh"

name='' zone='' create='' runtime='' spot='' pod=''
parse_flags "name= zone= create= runtime= spot=0 pod=0" "$@"
[ -n "$name" ] || fail "--name is missing: the name of the TPU"
[ -n "$zone" ] || fail "--zone is missing: the zone of the TPU"
for flag in spot pod; do
  case "${!flag}" in 0 | 1) ;; *) fail "--$flag=${!flag}: must be 0 or 1" ;; esac
done
[ -z "$create" ] || check_image
data_dir='' workdir='' init='' config=''
for i in "${!plan_flags[@]}"; do
  flag=${plan_flags[i]}
  case "$flag" in
    --data_dir=*) data_dir=${flag#*=} ;;
    --workdir=*) workdir=${flag#*=} ;;
    --init=*) init=${flag#*=} init_at=$i ;;
    --config=gs://*) ;; # The TPU reads it there.
    --config=*.yaml | --config=*.yml) config=${flag#*=} ;;
  esac
done
for place in data_dir workdir; do
  case "${!place}" in
    gs://?*) ;;
    *) fail "--$place must be in a bucket (gs://...)" ;;
  esac
done
upload=()
case "$init" in
  '' | gs://* | ilsvrc:*) ;;
  *)
    if ! published "$init"; then
      init=${init%/}
      # A checkpoint is several files that begin with its path.
      if [ -d "$init" ]; then upload=("$init"); else mapfile -t upload < <(compgen -G "$init*"); fi
      [ ${#upload[@]} -gt 0 ] || fail "--init=$init: no such file here, nor a name of" \
        "foi-weights list; the TPU sees only what is in a bucket, so give gs://..., or a path of" \
        "this machine, which is copied to --workdir"
      plan_flags[init_at]=--init=${workdir%/}/init/$(basename "$init")
    fi
    ;;
esac

train_on tpu "the TPU"
[ "$pod" = 0 ] || plan_flags+=(--tpu="$name")
write_plan
[ "$dry_run" = 1 ] || command -v gcloud >/dev/null ||
  fail "gcloud is not on the PATH; see https://cloud.google.com/sdk/docs/install"
package=$(mktemp -d)
said=$package/said
trap 'rm -r "$package"' EXIT
# The plan as the TPU gets it: with the path of its configuration there.
sent=$package/foi_plan.tsv
text=$(<"$plan")
[ -z "$config" ] || text=${text//"--config=$config"/--config=foi_config.yaml}
printf '%s\n' "$text" >"$sent"

tpu=(gcloud compute tpus tpu-vm)
on() { # WORKER COMMAND
  execute "${tpu[@]}" ssh "$name" --zone="$zone" --worker="$1" --command="$2"
}

# Prints the state of the TPU; nothing if there is none. A TPU that was taken away stays listed and
# never comes back.
state() {
  [ "$dry_run" = 1 ] ||
    "${tpu[@]}" describe "$name" --zone="$zone" --format="value(state)" 2>/dev/null || true
}

ask "--data_dir=$data_dir" gcloud storage ls "$data_dir"
bucket=${workdir#gs://}
ask "the bucket of --workdir=$workdir" gcloud storage ls "gs://${bucket%%/*}"
case "$init" in
  gs://*) ask "--init=$init" gcloud storage ls "$init*" ;;
esac
found=$(state)
making=0
[ -z "$create" ] || case "$found" in '' | PREEMPTED | TERMINATED) making=1 ;; esac
if [ "$making" = 1 ]; then
  ask "--runtime=$runtime in $zone" "${tpu[@]}" versions describe "$runtime" --zone="$zone"
  ask "--create=$create in $zone" "${tpu[@]}" accelerator-types describe "$create" --zone="$zone"
elif [ -z "$found" ] && [ "$dry_run" = 0 ]; then
  fail "there is no TPU $name in $zone; --create=v3-8 makes one"
fi
[ ${#upload[@]} = 0 ] ||
  execute gcloud storage cp --recursive "${upload[@]}" "${workdir%/}/init/"

if [ "$making" = 1 ]; then
  [ -z "$found" ] || execute "${tpu[@]}" delete "$name" --zone="$zone" --quiet
  made=(--accelerator-type="$create" --version="$runtime")
  [ "$spot" = 0 ] || made+=(--spot)
  [ "$dry_run" = 1 ] || echo "making the TPU $name ($create, $runtime) in $zone" >&2
  ask "the TPU was not made" "${tpu[@]}" create "$name" --zone="$zone" "${made[@]}"
fi
# foi_tf is installed in the way that the image of the TPU asks for.
if [ -z "$runtime" ]; then
  runtime=$([ "$dry_run" = 1 ] ||
    "${tpu[@]}" describe "$name" --zone="$zone" --format="value(runtimeVersion)")
fi
case "$runtime" in
  tpu-vm-tf-*) install="bash foi_tf/launch/tpu_host.sh --tensorflow=image" ;;
  *) install="bash foi_tf/launch/tpu_host.sh" ;;
esac
# On a single host TensorFlow loads the TPU's library. On a slice its servers have done so.
if [ "$pod" = 1 ]; then
  environment="TPU_LOAD_LIBRARY=0 TPU_NAME=$name"
elif [[ "$runtime" == tpu-vm-tf-* && "$runtime" != *-pjrt* ]]; then
  environment="FOI_DEVICES="
else
  environment="FOI_DEVICES=tpu"
fi

install_on_all() {
  local archive=$package/foi_tf.tar.gz
  execute tar -czf "$archive" -C "$ROOT" setup.py README.md pyproject.toml foi_tf configs launch &&
    execute "${tpu[@]}" scp "$archive" "$name:foi_tf.tar.gz" --zone="$zone" --worker=all &&
    on all "mkdir -p foi_tf && tar -xzf foi_tf.tar.gz -C foi_tf && $install"
}

if ! install_on_all; then
  [ "$making" = 0 ] || execute "${tpu[@]}" delete "$name" --zone="$zone" --quiet
  fail "foi_tf was not installed on $name; see above$([ "$making" = 0 ] || echo '. The TPU was deleted')"
fi
execute "${tpu[@]}" scp "$sent" "$name:foi_plan.tsv" --zone="$zone" --worker=0
[ -z "$config" ] ||
  execute "${tpu[@]}" scp "$config" "$name:foi_config.yaml" --zone="$zone" --worker=0
on 0 "export $environment PATH=\$HOME/foi_env/bin:\$HOME/.local/bin:\$PATH && bash foi_tf/launch/worker.sh foi_plan.tsv all 0 1"
