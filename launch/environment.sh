# shellcheck shell=bash
# Makes the virtual environment that the launch scripts run in. To be sourced.
#
#   make_environment 3.11 dev    makes .venv-3.11 and installs foi_tf and its extra "dev" there, in
#                                the versions that constraints/ pins; sets $PYTHON to its Python

# shellcheck source=launch/common.sh
source "$ROOT/launch/common.sh"

find_python() {
  local version=$1 candidate
  for candidate in "${FOI_PYTHON:-}" "python$version" python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c "import sys, venv, ensurepip
sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

make_environment() {
  local version=$1 extra=$2 base stamp
  local environment="$ROOT/.venv-$version"
  base=$(find_python "$version") || fail "needs Python $version with its venv and ensurepip" \
    "modules; install it (on Debian: apt-get install python$version-venv) or name one with" \
    "FOI_PYTHON=/path/to/python"
  # Installs again only if setup.py or the constraints have changed.
  stamp=$(cat "$ROOT/setup.py" "$ROOT/constraints/$version.txt" | cksum | tr ' ' -)
  PYTHON="$environment/bin/python"
  if [ ! -f "$environment/$extra.$stamp" ]; then
    echo "making $environment with $base" >&2
    "$base" -m venv "$environment" || fail "cannot make $environment"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
      --constraint "$ROOT/constraints/$version.txt" --editable "$ROOT${extra:+[$extra]}" ||
      fail "the installation into $environment failed; see above"
    touch "$environment/$extra.$stamp"
  fi
}
