#!/usr/bin/env bash
# Installs foi_tf on a host of a TPU, or says why it cannot. Other launch scripts run it there.
#
#   bash launch/tpu_host.sh [--tensorflow=2.20] [--dry_run]
#
# --tensorflow=image keeps Python and TensorFlow of the host's image, and fails at once if they do
# not fit. Otherwise it is the version to install, with a Python 3.12 of its own, in ~/foi_env.
# --dry_run prints the commands.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
tensorflow=''
parse_flags "tensorflow=2.20" "$@"

if [ "$tensorflow" = image ]; then
  python=python3
  if [ "$dry_run" = 0 ]; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
      fail "the image has $("$python" --version 2>&1), foi_tf needs 3.11 or newer; take an image" \
        "without TensorFlow: it gets a Python of its own"
  fi
else
  python=$HOME/foi_env/bin/python
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    execute python3 -m pip install --quiet --user uv
    execute python3 -m uv venv --quiet --clear --seed --python 3.12 "$HOME/foi_env"
  fi
  # TensorFlow 2.20 takes any libtpu from 0.0.14 on, but aborts when it is imported with 0.0.52,
  # which lacks functions that it looks up.
  execute "$python" -m pip install --quiet "tensorflow-tpu==$tensorflow.*" "libtpu<=0.0.21.1"
fi
execute env FOI_PYTHON="$python" bash "$ROOT/launch/install_beside.sh"
# Shows that nothing is missing before a plan starts.
execute "$python" -c "import foi_tf.bin.run, foi_tf.training.strategies"
