#!/usr/bin/env bash
# Makes an environment, installs foi_tf there, and runs all tests.
#
#   bash launch/test.sh [3.11|3.12|3.13] [arguments of pytest]
#   bash launch/test.sh -m "not slow"
#
# Without a version it takes Python 3.11 or, if the machine has none, the newest of the others.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

version=
case "${1:-}" in
  3.11 | 3.12 | 3.13) version=$1 && shift ;;
  3.*) fail "Python $1: no such environment; 3.11, 3.12 or 3.13" ;;
  --help) show_help ;;
esac
[ -n "$version" ] || version=$(choose_version 3.11 3.13 3.12)
make_environment "$version" dev
cd "$ROOT"
exec "$PYTHON" -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
