#!/usr/bin/env bash
# Atomics stay in the few folders where threads meet.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
gate_begin "$@"
gate_awk atomics.awk
