#!/usr/bin/env bash
# Every C file is as .clang-format would write it; `make format` repairs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
gate_begin "$@"
clang-format --style="file:$gates_dir/../../.clang-format" --dry-run -Werror -- "${files[@]}" 2>&1
