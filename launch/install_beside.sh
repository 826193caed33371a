#!/usr/bin/env bash
# Installs foi_tf beside a TensorFlow that has to stay, as that of a Cloud TPU VM or of Colab.
#
#   bash launch/install_beside.sh [--dry_run]
#
# Nothing that is installed is changed: what depends on TensorFlow comes without dependencies, in
# TensorFlow's version, and the rest under the versions that are there.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
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
there=$(mktemp)
"$python" -m pip freeze 2>/dev/null | grep '==' >"$there"

# tf-keras is Keras 2, which TensorFlow brought with it up to 2.15.
beside=("tf-models-official==$version.*" tensorflow-datasets)
case "$version" in
  2.1[0-5]) ;;
  *) beside+=("tf-keras==$version.*") ;;
esac
# The others of setup.py's list, and what those parts of the three import that foi_tf uses.
rest=$(sed -n '/install_requires/,/^    \],/ s/^ *"\([^"]*\)",.*/\1/p' "$ROOT/setup.py" | grep -v '^tensorflow')
mapfile -t rest <<<"$rest"
rest+=(google-api-python-client immutabledict oauth2client promise pyarrow simple_parsing
  tensorflow-metadata termcolor toml)

pip=("$python" -m pip install --quiet --disable-pip-version-check --constraint "$there")
execute "${pip[@]}" --no-deps "${beside[@]}" "$ROOT"
execute "${pip[@]}" "${rest[@]}"
