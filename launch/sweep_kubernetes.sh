#!/usr/bin/env bash
# Runs a whole plan on Kubernetes: an indexed Job for each stage, one after another.
#
#   bash launch/sweep_kubernetes.sh --image=IMAGE --claim=CLAIM [--mount=/study] [--root=/foi_tf]
#     [--name=foi] [--at_once=32] [--resources="{limits: {nvidia.com/gpu: 1}}"]
#     [--plan=FILE] [--dry_run] --data_dir=/study/data --workdir=/study/work FLAGS OF FOI-PLAN
#
# IMAGE is a container image in which foi_tf is installed, with its checkout at --root. CLAIM is a
# claim of a volume that many pods may write to (ReadWriteMany). It holds the data and is mounted at
# --mount; with gs:// paths its contents do not matter. --at_once is the number of pods at a time.
# A pod that is preempted saves a checkpoint, and its successor goes on from there. After any other
# interruption the same call goes on; it replaces the Jobs of the earlier one. --dry_run prints the
# Jobs and applies nothing.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"

image='' claim='' mount='' root='' name='' at_once='' resources=''
parse_flags "image= claim= mount=/study root=/foi_tf name=foi at_once=32 resources={}" "$@"
[ -n "$image" ] || fail "--image is missing: the container image that has foi_tf"
[ -n "$claim" ] || fail "--claim is missing: the claim of the volume with data and work"
write_plan
# A ConfigMap holds at most 1 MiB.
[ "$(wc -c <"$plan")" -lt 1000000 ] || fail "$plan is too large for a ConfigMap; plan fewer" \
  "chains at a time, by --targets or --seeds"

job_of() {
  local stage=$1 total=$2 size=$3 escaped
  escaped=$(printf '%s' "$resources" | sed 's/[&|\\]/\\&/g')
  sed -e "s|@NAME@|$name|g" -e "s|@STAGE@|$stage|g" -e "s|@COMPLETIONS@|$total|g" \
    -e "s|@PARALLELISM@|$((total < at_once ? total : at_once))|g" -e "s|@IMAGE@|$image|g" \
    -e "s|@ROOT@|$root|g" -e "s|@MOUNT@|$mount|g" -e "s|@CLAIM@|$claim|g" \
    -e "s|@RESOURCES@|$escaped|g" -e "s|@SIZE@|$size|g" "$ROOT/launch/kubernetes.yaml"
}

plan_of() {
  kubectl create configmap "$name-plan" --from-file=plan.tsv="$plan" --dry-run=client -o yaml
}

if [ "$dry_run" = 1 ]; then
  echo "# kubectl create configmap $name-plan --from-file=plan.tsv=$plan"
else
  plan_of | kubectl apply -f -
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
  done
done
