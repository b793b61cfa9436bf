#!/usr/bin/env bash
# Outside tests/, assertions are those of base/, in their three tiers, never the C library's.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
gate_begin "$@"
gate_awk assertions.awk
