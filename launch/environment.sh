# shellcheck shell=bash
# Makes the virtual environment that the launch scripts run in. To be sourced.
#
#   choose_version 3.13 3.12     prints the first of the versions whose Python the machine has; with
#                                FOI_PYTHON only that one counts
#   make_environment 3.12 dev    makes .venv-3.12 and installs foi_tf and its extra "dev" there, in
#                                the versions that constraints/ pins; sets $PYTHON to its Python,
#                                and says on stderr which version runs
#   make_colab_environment       likewise makes .venv-colab, which has what Colab has, and installs
#                                foi_tf beside that as Colab's notebooks do

# pip would spend two fifths of its time on compiling all modules. So it does not, and Python compiles
# those that are imported, once.
unset PYTHONDONTWRITEBYTECODE

# shellcheck source=launch/common.sh
source "$ROOT/launch/common.sh"

# Debian packs venv and ensurepip apart. The Pythons of pyenv and uv may be off the PATH.
find_python() {
  local version=$1 candidate
  for candidate in "${FOI_PYTHON:-}" "python$version" python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python \
    "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/uv/python}"/cpython-"$version"[.-]*/bin/python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c "import sys, venv, ensurepip
sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
    [ -z "${FOI_PYTHON:-}" ] || return 1
  done
  return 1
}

fail_without_python() {
  fail "needs Python $1 with its venv and ensurepip modules${FOI_PYTHON:+, which FOI_PYTHON=$FOI_PYTHON is not};" \
    "install it with '$2' on Debian or Ubuntu, 'brew install python@$3' on macOS, or" \
    "'uv python install $3' anywhere; or name one with FOI_PYTHON=/path/to/python"
}

choose_version() {
  local version
  for version in "$@"; do
    if find_python "$version" >/dev/null; then
      echo "$version"
      return 0
    fi
  done
  fail_without_python "3.11, 3.12 or 3.13" "sudo apt-get install python3-venv" 3.13
}

# make_venv DIR BASE STAMP: makes a virtual environment with the Python BASE, unless it is there, in
# its place, and starts. Takes the notes of other installations than STAMP away.
make_venv() {
  local note
  echo "making $1 with $2" >&2
  for note in "$1"/*.installed; do
    case "$note" in *"$3.installed") ;; *) rm -f "$note" ;; esac
  done
  is_in_place "$1" && return
  "$2" -m venv --clear "$1" || fail "cannot make $1"
  echo "$1" >"$1/place"
}

# is_in_place DIR: tells whether an environment was made there, and its Python starts.
is_in_place() {
  [ "$(cat "$1/place" 2>/dev/null)" = "$1" ] && "$1/bin/python" -c '' 2>/dev/null
}

make_environment() {
  local version=$1 extra=$2 base stamp
  local environment="$ROOT/.venv-$version"
  base=$(find_python "$version") ||
    fail_without_python "$version" "sudo apt-get install python$version-venv" "$version"
  # Installs again only if setup.py or the constraints have changed.
  stamp=$(cat "$ROOT/setup.py" "$ROOT/constraints/$version.txt" | cksum | tr ' ' -)
  PYTHON="$environment/bin/python"
  if [ ! -f "$environment/$extra.$stamp.installed" ] || ! is_in_place "$environment"; then
    make_venv "$environment" "$base" "$stamp"
    "$PYTHON" -m pip install --quiet --no-compile --disable-pip-version-check \
      --constraint "$ROOT/constraints/$version.txt" --editable "$ROOT${extra:+[$extra]}" ||
      fail "the installation into $environment failed; see above"
    touch "$environment/$extra.$stamp.installed"
  fi
  echo "runs with Python $version in $environment" >&2
}

make_colab_environment() {
  local base stamp environment="$ROOT/.venv-colab"
  base=$(find_python 3.12) ||
    fail_without_python 3.12 "sudo apt-get install python3.12-venv" 3.12
  stamp=$(cat "$ROOT/setup.py" "$ROOT/constraints/colab.txt" "$ROOT"/launch/{colab,install_beside}.sh |
    cksum | tr ' ' -)
  PYTHON="$environment/bin/python"
  if [ ! -f "$environment/$stamp.installed" ] || ! is_in_place "$environment"; then
    make_venv "$environment" "$base" "$stamp"
    "$PYTHON" -m pip install --quiet --no-compile --disable-pip-version-check -r "$ROOT/constraints/colab.txt" ||
      fail "the installation into $environment failed; see above"
    FOI_PYTHON="$PYTHON" bash "$ROOT/launch/colab.sh"
    touch "$environment/$stamp.installed"
  fi
  echo "runs with what Colab has, in $environment" >&2
}
