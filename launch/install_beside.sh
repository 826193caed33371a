#!/usr/bin/env bash
# Installs foi_tf beside a TensorFlow that has to stay, as on a Cloud TPU VM or in Colab.
#
#   bash launch/install_beside.sh [--dry_run]
#
# Changes no package that is installed already, but for tensorflow-metadata where it is newer than
# the protobuf that is there, and so of no use. Packages that depend on TensorFlow are installed
# without their dependencies, in the version that fits TensorFlow. All others are installed with
# the present versions as constraints. --dry_run prints the commands instead.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/sweep.sh
source "$ROOT/launch/sweep.sh"
parse_flags "" "$@"
python=${FOI_PYTHON:-python3}

version=$("$python" - <<'END'
import importlib.metadata as metadata

for name in ("tensorflow", "tensorflow-tpu", "tensorflow-cpu"):
    try:
        print(".".join(metadata.version(name).split(".")[:2]))
        break
    except metadata.PackageNotFoundError:
        pass
END
)
[ -n "$version" ] || fail "$python has no TensorFlow; install with pip install . instead"
"$python" -m pip --version >/dev/null 2>&1 ||
  fail "$python has no pip; install it, as with '$python -m ensurepip'"
there=$(mktemp)
[ "$dry_run" = 1 ] || trap 'rm -f "$there"' EXIT # The commands that it prints need the file.
# The packages that have to fit TensorFlow follow it.
"$python" -m pip freeze 2>/dev/null | grep '==' | grep -viE '^(tf-models-official|tf[-_]keras)==' >"$there"

# From 1.18 on its messages, which TensorFlow Datasets imports, need protobuf 6.31. TensorFlow and
# much else are content with an older one, which they may have imported already.
metadata=tensorflow-metadata
if ! "$python" -c "import sys, google.protobuf as p
sys.exit(tuple(map(int, p.__version__.split('.')[:2])) < (6, 31))" 2>/dev/null; then
  metadata="tensorflow-metadata<1.18"
  sed -i '/^tensorflow[-_]metadata==/d' "$there"
fi

# tf-keras is Keras 2, which TensorFlow contained up to 2.15.
beside=("tf-models-official==$version.*" tensorflow-datasets)
case "$version" in
  2.1[0-5]) ;;
  *) beside+=("tf-keras==$version.*") ;;
esac
# The other packages of setup.py, and what the parts of the three above import that foi_tf uses.
rest=$(sed -n '/install_requires/,/^    \],/ s/^ *"\([^"]*\)",.*/\1/p' "$ROOT/setup.py" | grep -v '^tensorflow')
mapfile -t rest <<<"$rest"
rest+=(gin-config google-api-python-client immutabledict oauth2client promise pyarrow simple_parsing
  "$metadata" termcolor toml)

pip=("$python" -m pip install --quiet --disable-pip-version-check --constraint "$there")
execute "${pip[@]}" --no-deps "${beside[@]}" "$ROOT"
execute "${pip[@]}" "${rest[@]}"
