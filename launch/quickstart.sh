#!/usr/bin/env bash
# Makes an environment, installs foi_tf into it, and runs transfer chains on the rendered
# collection: pre-training, two sources, one target, and a report of what each source gains.
#
#   bash launch/quickstart.sh [directory for the output]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

out=${1:-$ROOT/quickstart_output}
make_environment 3.11 ""
bin=$(dirname "$PYTHON")

target=camvid:segmentation
sources=(mapillary:segmentation isaid:segmentation)
run=(--data_dir="$out/data" --workdir="$out/work" --config=quickstart --backbone=hrnet_mini)

"$bin/foi-prepare" --collection=mini --dataset=ilsvrc,mapillary,isaid,camvid --data_dir="$out/data"
"$bin/foi-pretrain" "${run[@]}"
for source in "${sources[@]}"; do
  "$bin/foi-source" "${run[@]}" --source="$source"
done
for source in ilsvrc scratch "${sources[@]}"; do
  "$bin/foi-target" "${run[@]}" --source="$source" --target="$target"
done
echo "The report on what each source gains for $target:"
"$bin/foi-analyze" --results="$out/work/results" --out="$out/report"
