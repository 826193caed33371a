#!/usr/bin/env bash
# Makes an environment, installs foi_tf into it, and runs transfer chains on the rendered
# collection: pre-training, a source, a target of each task type with and without it, and a
# report of what the source gains.
#
#   bash launch/quickstart.sh [directory for the output]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

case "${1:-}" in
  --help) show_help ;;
  -*) fail "takes no flags but --help" ;;
esac
out=${1:-$ROOT/quickstart_output}
make_environment 3.11 ""
bin=$(dirname "$PYTHON")

source=mapillary:segmentation
targets=(camvid:segmentation uwt:detection dogs:keypoints sunrgbd:depth)
run=(--data_dir="$out/data" --workdir="$out/study" --config=quickstart --backbone=hrnet_mini)

"$bin/foi-prepare" --collection=mini --dataset=ilsvrc,mapillary,camvid,uwt,dogs,sunrgbd --data_dir="$out/data"
"$bin/foi-pretrain" "${run[@]}"
"$bin/foi-source" "${run[@]}" --source="$source"
# In one process, which starts TensorFlow once and traces the training step once a target.
for target in "${targets[@]}"; do
  for start in ilsvrc "$source"; do
    printf '%q ' foi-target "${run[@]}" --source="$start" --target="$target"
    echo
  done
done | "$bin/foi-run"
echo "The report on what driving scenes gain for a target of each task type:"
"$bin/foi-analyze" --results="$out/study/results" --out="$out/report"
