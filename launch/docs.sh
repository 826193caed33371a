#!/usr/bin/env bash
# Makes an environment, installs foi_tf into it, and builds the API reference from docstrings.
#
#   bash launch/docs.sh [directory for the pages, by default docs/reference]
#
# Prints the path of the first page.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
# shellcheck source=launch/environment.sh
source "$ROOT/launch/environment.sh"

case "${1:-}" in
  --help) show_help ;;
  -*) fail "takes no flags but --help" ;;
esac
out=${1:-$ROOT/docs/reference}
version=$(choose_version 3.11 3.13 3.12)
make_environment "$version" docs
# Programs are left out: their --help is their reference.
# Libraries ask the machine for its processor while they are imported, which pdoc would suppress.
PDOC_ALLOW_EXEC=1 "$PYTHON" -m pdoc --docformat google --output-directory "$out" foi_tf '!foi_tf\.bin' '!foi_tf\.miniworld\.'
echo "$out/foi_tf.html"
