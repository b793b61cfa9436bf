#!/usr/bin/env bash
# Formats every C file of the tree in place.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/gates/lib.sh
gate_files .
if [ "${#files[@]}" -gt 0 ]; then
    clang-format -i -- "${files[@]}"
fi
