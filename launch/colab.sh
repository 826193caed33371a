#!/usr/bin/env bash
# Installs foi_tf in the runtime of a notebook, as in Colab.
#
#   bash launch/colab.sh [--dry_run]
#
# Without a TensorFlow it installs one. A runtime with a TPU needs tensorflow-tpu: any other
# TensorFlow there is removed, because both are one module. All else is installed beside it, by
# launch/install_beside.sh. --dry_run prints the commands for TensorFlow instead, and installs none.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
parse_flags "" "$@"
python=${FOI_PYTHON:-python3}

has() {
  "$python" -c "import importlib.metadata as m; m.version('$1')" 2>/dev/null
}

pip=("$python" -m pip --quiet --disable-pip-version-check)
# Older ones want a libtpu that PyPI does not have; tf-models-official ends with 2.20. That aborts
# when it is imported with a libtpu as new as 0.0.52.
if [ -n "$(cd "$ROOT" && "$python" -c 'from foi_tf import tpu_machine as t; print(t.find_tpu_sign())')" ]; then
  if ! has tensorflow-tpu; then
    for other in tensorflow tensorflow-cpu; do
      if has "$other"; then execute "${pip[@]}" uninstall --yes "$other"; fi
    done
    execute "${pip[@]}" install "tensorflow-tpu>=2.19.1,<2.21" "libtpu<=0.0.21.1"
  fi
elif ! has tensorflow && ! has tensorflow-cpu; then
  execute "${pip[@]}" install "tensorflow>=2.19,<2.21"
fi
[ "$dry_run" = 1 ] || bash "$ROOT/launch/install_beside.sh"
