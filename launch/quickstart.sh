#!/usr/bin/env bash
# Makes an environment, installs foi_tf there, and asks for two targets of rendered images, one of
# segmentation and one of depth, what to start from: random weights, a pre-training, or one of two
# sources. Ends with the paths of two pages, which begin with the answers. Takes up to eight minutes
# on two CPU cores. The environment has the newest of Python 3.13, 3.12 and 3.11 that the machine has.
#
#   bash launch/quickstart.sh [directory for the output]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

case "${1:-}" in
  --help) show_help ;;
  -*) fail "takes no flags but --help" ;;
esac
out=${1:-$ROOT/quickstart_output}
version=$(choose_version 3.13 3.12 3.11)
make_environment "$version" ""
bin=$(dirname "$PYTHON")

run=(--data_dir="$out/data" --workdir="$out/study" --config=quickstart --backbone=hrnet_mini
  --setting=small --seeds=3)

"$bin/foi-prepare" --collection=mini --dataset=ilsvrc,city,pvoc,camvid,vgallery,sunrgbd --data_dir="$out/data"
camvid=$("$bin/foi-compare" "${run[@]}" --target=camvid:segmentation \
  --sources=city:segmentation,pvoc:segmentation --budget=4m --out="$out/camvid")
# The second comparison has what is left of eight minutes, less 15 s for its page, but 90 to 180 s.
left=$((465 - SECONDS))
left=$((left > 180 ? 180 : left < 90 ? 90 : left))
sunrgbd=$("$bin/foi-compare" "${run[@]}" --target=sunrgbd:depth \
  --sources=vgallery:depth,pvoc:segmentation --budget="${left}s" --out="$out/sunrgbd")
echo "Reports on what both targets should start from:"
printf '%s\n' "$camvid" "$sunrgbd"
