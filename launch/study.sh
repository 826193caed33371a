#!/usr/bin/env bash
# Runs a whole study, from images to its report: one of the three whose results studies/ keeps.
#
#   bash launch/study.sh mini OUT [JOBS] [--seeds=0,1] [--vary=init,order]
#   FOI_REAL_DATA=DIR bash launch/study.sh real OUT [JOBS] [--seeds=0,1] [--vary=init,order]
#   FOI_REAL_DATA=DIR bash launch/study.sh imagenet OUT [JOBS]
#
# mini renders its images. real reads the 15 sets in DIR, each in a folder of its name, and is
# pre-trained on rendered images. imagenet reads all 24 sets there, and starts from ImageNet weights
# of EfficientNet-Lite0 (the extra imagenet of setup.py). By what its rows took, that is some 12
# hours of two cores. JOBS is the number of commands that run at a time (default 2). --seeds and
# --vary are those of foi-plan. Finished links are not trained again, so the same call goes on after an interruption.
# foi_tf has to be installed. studies/ keeps OUT/report/results.csv, OUT/report/appearance/
# distances.csv and OUT/scores.csv, and of imagenet OUT/rows.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
# shellcheck source=launch/child.sh
source "$ROOT/launch/child.sh"

seeds='' vary=''
parse_flags "seeds= vary=" "$@"
case " ${plan_flags[*]-}${plan:+ --plan}${dry_run/1/ --dry_run}" in
  *" --"*) fail "takes no flags but --seeds, --vary and --help" ;;
esac
study=${plan_flags[0]:-} out=${plan_flags[1]:-} jobs=${plan_flags[2]:-2}
[ "${#plan_flags[@]}" -le 3 ] || fail "takes at most three arguments beside flags"
check_count JOBS "$jobs"
[ -n "$out" ] || fail "wants mini, real or imagenet, and a directory to write to"
[ "$study" != imagenet ] || [ -z "$seeds$vary" ] || fail "imagenet has seeds of its own; leave" \
  "out --seeds and --vary"
: "${seeds:=0,1}" "${vary:=init,order}"
network=(--backbone=hrnet_mini --precision=bfloat16 --strategy=cpu)

# The real sets, as name:formats:domain.
real_sets="camvid:masks:driving coco128:coco,masks:consumer indoor_objects:coco:indoor
  raccoon:coco:consumer bccd:coco:close-up playing_cards:coco:close-up lsp_ext:coco:consumer
  openfield_mouse:coco:close-up mirror_mouse:coco:close-up sevenscenes_depth:depth:indoor
  aerial_roads:masks:aerial aerial_cars:coco:aerial trash_icra19:coco:underwater
  underwater_sim:coco:underwater human_seg:masks:consumer"

# run COMMAND...: runs a program of the study so that a signal reaches it, and ends if it fails.
run() {
  run_child "$@"
  [ -z "$stopped" ] || exit 143
  [ "$code" = 0 ] || exit "$code"
}

# sweep NAME FLAGS...: runs the plan that foi-plan makes with the flags; OUT/NAME.tsv keeps it.
sweep() {
  run bash "$ROOT/launch/sweep_local.sh" --jobs="$jobs" --plan="$out/$1.tsv" --collection="$collection" \
    --data_dir="$data" "${network[@]}" --init="$init" "${@:2}"
}

# study NAME FLAGS...: runs a plan with the chosen learning rates and all seeds. Its cost is
# estimated from the rows of the choice of rates, or, if rates.yaml was there already, from the
# rows that studies/ keeps.
study() {
  local measured=$out/rates/results
  [ -d "$measured" ] || measured=$ROOT/studies/$study/results.csv
  sweep "$1" --workdir="$out/study" --config="$config" --results="$measured" \
    --seeds="$seeds" --vary="$vary" "${@:2}"
}

# points: computes features of points of all segmentation targets by each source model of
# segmentation, that of the first seed. Transferability metrics are computed from them.
points() {
  local targets link
  targets=$(grep -o -- '--target=[a-z0-9_]*:segmentation' "$out/small.tsv" | cut -d= -f2 | sort -u |
    paste -sd, -)
  # The links are finished, so foi-run only prints their directories.
  cut -f7 "$out/small.tsv" | grep '^foi-source .*--source=[a-z0-9_]*:segmentation ' |
    grep -E -- "--seed=${seeds%%,*}( |$)" | foi-run |
    sed 's/.*"directory": "//; s/".*//' >"$out/sources.txt"
  while read -r link; do
    run foi-features --dataset="$targets" --pixels=50 --images=150 --size=96x96 --data_dir="$data" \
      --init="$link" --backbone=hrnet_mini --out="$out/points/$(basename "$link").npz"
  done <"$out/sources.txt"
}

# together LINES: runs parts of the study from ImageNet weights, JOBS lines of them at a time.
together() {
  run_child xargs -P "$jobs" -L 1 python -m studies.imagenet_runs --work="$out" \
    --rows="$out/rows" <<<"$1"
  [ -z "$stopped" ] || exit 143
  [ "$code" = 0 ] || fail "some runs failed; see above"
}

# from_imagenet: runs the study from ImageNet weights. Its rates come first, and then the rest of
# the pilot and the study, a seed at a time, since source models of a seed serve several parts.
from_imagenet() {
  export PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH}
  run python -m studies.real_sets "$out/data"
  together "$(printf '%s\n' rates rates_outer rates_upper rates_batch_4)"
  together "$(printf '%s\n' four_sets steps_150 steps_300 steps_600 batch_4 size_160 longer_boxes \
    longer_sources "study left_out images_40 --seeds="{0..4} "study --seeds="{5..9})"
  # Two processes that end at once may each write a table without the last row of the other.
  together "study left_out images_40 --seeds=0"
  run python -m studies.imagenet_scores --work="$out" --rows="$out/rows"
  run foi-analyze --results="$out/rows/results.csv" --distances="$out/rows/distances.csv" \
    --out="$out/report"
}

need_real_sets() {
  [ -d "${FOI_REAL_DATA:-}" ] || fail "FOI_REAL_DATA must name the folder of the real sets"
}

case "$study" in
  imagenet)
    need_real_sets
    from_imagenet
    exit
    ;;
  mini)
    collection=mini data=$out/mini
    run foi-prepare --collection=mini --data_dir="$data"
    ;;
  real)
    collection=own data=$out/real
    need_real_sets
    run foi-prepare --collection=mini --dataset=ilsvrc --data_dir="$out/mini"
    for set in $real_sets; do
      IFS=: read -r name format domain <<<"$set"
      # The name camvid belongs to one of the paper's datasets.
      run foi-prepare --format="$format" --raw_dir="$FOI_REAL_DATA/$name" --name="${name/%camvid/camvid_part}" \
        --domain="$domain" --data_dir="$data"
    done
    ;;
  *) fail "$study: no such study; mini, real or imagenet" ;;
esac

run foi-pretrain --data_dir="$out/mini" --workdir="$out/pretraining" --config=mini_study "${network[@]}"
made=("$out"/pretraining/links/ilsvrc.classification-*)
[ "${#made[@]}" = 1 ] || fail "$out/pretraining has ${#made[@]} pre-trainings; keep the one that is meant"
init=${made[0]}

config=$out/rates.yaml
if [ ! -e "$config" ]; then
  sweep rates --workdir="$out/rates" --config="${study}_study" --baselines --select_lr=validation \
    --pairs=all --setting=small
  run foi-rates --results="$out/rates/results" --config="${study}_study" --out="$config"
fi

study small --setting=small
if [ "$study" = mini ]; then
  study cross --setting=small --pairs=cross_type --sample=60
  study limited --setting=small_source
  study full --setting=full --targets=segmentation
else
  study cross --setting=small --pairs=cross_type
fi

datasets=$(cd "$data" && echo * | tr ' ' ,)
run foi-features --dataset="$datasets" --data_dir="$data" --init="$init" --backbone=hrnet_mini \
  --out="$out/features.npz" --size=64x64 --images=500
points
run foi-recommend --evaluate --results="$out/study/results" --features="$out/points" \
  --by=leep,nleep,logme,hscore,gbc --pairs=within_type --target_types=segmentation \
  --keep_scores="$out/scores.csv"
run foi-analyze --results="$out/study/results" --features="$out/features.npz" --out="$out/report"
