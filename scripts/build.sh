#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json; silent unless it fails.
# DUET_DOC_UI=OFF builds without Swagger UI, and so without npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:?usage: build.sh PRESET}

if command -v ninja >/dev/null; then
    export CMAKE_GENERATOR=Ninja # a build directory that exists keeps the generator it has
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset "$preset" -DDUET_DOC_UI="${DUET_DOC_UI:-ON}" &&
        cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}"
} >"$log" 2>&1; then
    cat "$log" >&2
    echo "build of preset $preset failed" >&2
    exit 1
fi
