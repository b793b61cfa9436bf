#!/usr/bin/env bash
# No function is longer than 70 lines (signature to closing brace), no file longer than 800.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
gate_begin "$@"
gate_awk lengths.awk
