#!/usr/bin/env bash
# make test: gates; everything with gcc (release) and with clang (address, undefined behaviour);
# unit, simulation and one daemon run with clang (threads). Last line: "N passed, M failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/stages.sh

stage gates gates
if build_preset release; then
    stage "release all" ctests release
fi
if build_preset asan; then
    stage "asan all" ctests asan
fi
if build_preset tsan; then
    short_stages tsan
fi
finish
