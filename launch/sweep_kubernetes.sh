#!/usr/bin/env bash
# Runs a whole plan on Kubernetes: an indexed Job for each stage, one after another.
#
#   bash launch/sweep_kubernetes.sh --image=IMAGE --claim=CLAIM [--mount=/study] [--root=/foi_tf]
#     [--name=foi] [--at_once=32] [--gpus=1 | --gke_tpu=tpu-v5-lite-podslice:2x4 [--spot=1]]
#     [--select="{KEY: VALUE}"] [--resources="{limits: {memory: 64Gi}}"] [--plan=FILE] [--dry_run] --data_dir=/study/data --workdir=/study/work FLAGS OF FOI-PLAN
#
# IMAGE is a container image in which foi_tf is installed, with its checkout at --root. CLAIM is a
# claim of a volume that many pods may write to (ReadWriteMany). It holds the data and is mounted at
# --mount; with gs:// paths its contents do not matter. --gpus is the number of NVIDIA GPUs of each
# pod, which trains on all of them. --gke_tpu is what Google Kubernetes Engine calls the TPU of a
# node and its topology: each pod trains on one such node, and the image holds tensorflow-tpu, as
# launch/tpu_host.sh installs it. Autopilot makes the nodes; in Standard, make their pool by
# `gcloud container node-pools create`, with --machine-type:
#
#   tpu-v3-device:2x2                      ct3-hightpu-4t
#   tpu-v4-podslice:2x2x1                  ct4p-hightpu-4t
#   tpu-v5-lite-podslice:1x1, 2x2, 2x4     ct5lp-hightpu-1t, -4t, -8t
#   tpu-v5p-slice:2x2x1                    ct5p-hightpu-4t
#   tpu-v6e-slice:1x1, 2x2, 2x4            ct6e-standard-1t, -4t, -8t
#
# --spot=1 takes nodes that may be taken away. --select and --resources are the nodeSelector and
# the resources of the pods on other clusters. A pod that has no such device ends at once. --at_once is the number of pods at a time.
# A pod that is preempted saves a checkpoint, and its successor goes on from there. After any other
# interruption the same call goes on; it replaces the Jobs of the earlier one. --dry_run prints the
# Jobs and applies nothing.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

image='' claim='' mount='' root='' name='' at_once='' resources='' select='' gpus='' gke_tpu='' spot=''
parse_flags "image= claim= mount=/study root=/foi_tf name=foi at_once=32 resources={} select={} gpus= gke_tpu= spot=0" "$@"
[ -n "$image" ] || fail "--image is missing: the container image that has foi_tf"
[ -n "$claim" ] || fail "--claim is missing: the claim of the volume with data and work"
check_count --at_once "$at_once"
devices=''
declare -A paths
if [ -n "$gke_tpu" ]; then
  case "$gke_tpu" in
    tpu-v5-lite-podslice:1x1 | tpu-v6e-slice:1x1) chips=1 ;;
    tpu-v3-device:2x2 | tpu-v4-podslice:2x2x1 | tpu-v5-lite-podslice:2x2) chips=4 ;;
    tpu-v5p-slice:2x2x1 | tpu-v6e-slice:2x2) chips=4 ;;
    tpu-v5-lite-podslice:2x4 | tpu-v6e-slice:2x4) chips=8 ;;
    *) fail "--gke_tpu=$gke_tpu: no TPU of one host; --help lists them" ;;
  esac
  [ "$gpus$resources$select" = "{}{}" ] || fail "--gke_tpu takes no --gpus, --resources and --select"
  resources="{limits: {google.com/tpu: $chips}, requests: {google.com/tpu: $chips}}"
  select="cloud.google.com/gke-tpu-accelerator: ${gke_tpu%%:*}, "
  select+="cloud.google.com/gke-tpu-topology: ${gke_tpu##*:}"
  [ "$spot" = 0 ] || select+=', cloud.google.com/gke-spot: "true"'
  select="{$select}" devices=tpu
elif [ "$spot" != 0 ]; then
  fail "--spot=$spot is for --gke_tpu; elsewhere name the nodes by --select"
elif [ -n "$gpus" ]; then
  check_count --gpus "$gpus"
  [ "$resources" = "{}" ] || fail "--gpus and --resources: give the GPUs in --resources"
  resources="{limits: {nvidia.com/gpu: $gpus}}"
fi
case "$devices $resources" in
  tpu*) train_on tpu "the TPU of --gke_tpu" ;;
  *.com/gpu*)
    devices=gpu
    train_on mirrored "the GPUs that the pods ask for"
    ;;
esac
# A pod sees the volume, buckets, and its image.
for flag in --data_dir=data --workdir=work "${plan_flags[@]}"; do
  case "$flag" in
    --init=ilsvrc:*) ;;
    --init=*) published "${flag#*=}" || paths[--init]=${flag#*=} ;;
    --data_dir=* | --workdir=* | --config=*.yaml | --config=*.yml)
      paths[${flag%%=*}]=${flag#*=}
      ;;
  esac
done
for flag in "${!paths[@]}"; do
  case "${paths[$flag]}/" in
    gs://?* | "${mount%/}"/* | "${root%/}"/*) ;;
    *) fail "$flag=${paths[$flag]}: pods do not see that; give gs://..., or a path in $mount" ;;
  esac
done
write_plan
# A ConfigMap holds at most 1 MiB.
[ "$(wc -c <"$plan")" -lt 1000000 ] || fail "$plan is too large for a ConfigMap; plan fewer" \
  "chains at a time, by --targets or --seeds"

# Prints a text as the replacement of a sed command.
escaped() {
  printf '%s' "$1" | sed 's/[&|\\]/\\&/g'
}

job_of() {
  local stage=$1 total=$2 size=$3
  sed -e "s|@NAME@|$name|g" -e "s|@STAGE@|$stage|g" -e "s|@COMPLETIONS@|$total|g" \
    -e "s|@PARALLELISM@|$((total < at_once ? total : at_once))|g" -e "s|@IMAGE@|$image|g" \
    -e "s|@ROOT@|$root|g" -e "s|@MOUNT@|$mount|g" -e "s|@CLAIM@|$claim|g" \
    -e "s|@RESOURCES@|$(escaped "$resources")|g" -e "s|@SELECT@|$(escaped "$select")|g" \
    -e "s|@DEVICES@|$devices|g" -e "s|@SIZE@|$size|g" "$ROOT/launch/kubernetes.yaml"
}

plan_of() {
  kubectl create configmap "$name-plan" --from-file=plan.tsv="$plan" --dry-run=client -o yaml
}

if [ "$dry_run" = 1 ]; then
  echo "# kubectl create configmap $name-plan --from-file=plan.tsv=$plan"
else
  # Without --server-side, kubectl keeps a copy of the plan in an annotation, which holds 256 KiB.
  plan_of | kubectl apply --server-side --force-conflicts -f -
fi
for stage in $(stages_of); do
  size=$(chunk_size "$stage" "$at_once")
  total=$(chunks "$stage" "$size")
  if [ "$dry_run" = 1 ]; then
    echo "---"
    job_of "$stage" "$total" "$size"
    continue
  fi
  kubectl delete job "$name-stage-$stage" --ignore-not-found --wait
  job_of "$stage" "$total" "$size" | kubectl apply -f -
  until kubectl wait --for=condition=complete --timeout=60s "job/$name-stage-$stage" 2>/dev/null; do
    if kubectl wait --for=condition=failed --timeout=1s "job/$name-stage-$stage" 2>/dev/null; then
      fail "stage $stage: commands failed for good; kubectl logs job/$name-stage-$stage tells which"
    fi
    kubectl get "job/$name-stage-$stage" >/dev/null ||
      fail "stage $stage: job/$name-stage-$stage cannot be asked for; see above. Once that is mended, the" \
        "same command goes on"
    sleep 1
  done
done
