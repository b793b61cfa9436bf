#!/usr/bin/env bash
# Includes point down the layers, and a library's header is seen only where it belongs, directly or
# through other headers. The rules are the two tables at the top of includes.awk.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
gate_begin "$@"
gate_awk includes.awk
