#!/usr/bin/env bash
# Makes an environment, installs foi_tf there, and runs all tests.
#
#   bash launch/test.sh [3.11|3.12] [arguments of pytest]
#   bash launch/test.sh -m "not slow"
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

version=3.11
case "${1:-}" in
  3.11 | 3.12) version=$1 && shift ;;
  --help) show_help ;;
esac
make_environment "$version" dev
cd "$ROOT"
exec "$PYTHON" -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
