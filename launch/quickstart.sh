#!/usr/bin/env bash
# Makes an environment, installs foi_tf there, and runs transfer chains on rendered images:
# pre-training, a source, and a target of each of four task types with and without the source.
# Ends with the path of a report on the source's gains. Takes some minutes on two CPU cores. The
# environment has the newest of Python 3.13, 3.12 and 3.11 that the machine has.
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
# Prints a command, quoted, for foi-run.
echo_command() {
  printf '%q ' "$@"
  echo
}

version=$(choose_version 3.13 3.12 3.11)
make_environment "$version" ""
bin=$(dirname "$PYTHON")

source=mapillary:segmentation
targets=(camvid:segmentation uwt:detection dogs:keypoints sunrgbd:depth)
run=(--data_dir="$out/data" --workdir="$out/study" --config=quickstart --backbone=hrnet_mini)

"$bin/foi-prepare" --collection=mini --dataset=ilsvrc,mapillary,camvid,uwt,dogs,sunrgbd --data_dir="$out/data"
# One process trains everything: it starts TensorFlow once and traces one training step a task.
{
  echo_command foi-pretrain "${run[@]}"
  echo_command foi-source "${run[@]}" --source="$source"
  for target in "${targets[@]}"; do
    for start in ilsvrc "$source"; do
      echo_command foi-target "${run[@]}" --source="$start" --target="$target"
    done
  done
} | "$bin/foi-run"
echo "Report on the gains of a source of driving scenes for four task types:"
"$bin/foi-analyze" --results="$out/study/results" --out="$out/report"
