#!/usr/bin/env bash
# Makes an environment, installs foi_tf there, and runs the tests.
#
#   bash launch/test.sh [3.11|3.12|3.13|colab] [arguments of pytest]
#   bash launch/test.sh -m "not slow"
#   bash launch/test.sh tests/benchmarks
#
# Without arguments of pytest it leaves out tests/benchmarks, which run each benchmark at its smallest,
# and with Python 3.11, which Colab has not, the notebooks.
# Without a version it takes Python 3.11 or, if the machine has none, the newest of the others.
# colab runs notebooks and analysis with Python 3.12 and the packages that Colab has.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

version=
case "${1:-}" in
  3.11 | 3.12 | 3.13 | colab) version=$1 && shift ;;
  3.*) fail "Python $1: no such environment; 3.11, 3.12, 3.13 or colab" ;;
  --help) show_help ;;
esac
cd "$ROOT"
if [ "$version" = colab ]; then
  make_colab_environment
  exec "$PYTHON" -m pytest tests/colab tests/analysis "$@"
fi
[ -n "$version" ] || version=$(choose_version 3.11 3.13 3.12)
make_environment "$version" dev,imagenet
if [ "$#" = 0 ]; then
  set -- --ignore=tests/benchmarks
  [ "$version" != 3.11 ] || set -- "$@" --ignore=tests/colab
fi
exec "$PYTHON" -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
