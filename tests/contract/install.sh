#!/usr/bin/env bash
# Installs the packages that requirements.txt pins into build-py/contract, once; several builds may
# ask at the same time. Exit status 77: it cannot be done now.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
requirements=tests/contract/requirements.txt
to=build-py/contract

mkdir -p "$to"
exec 9>"$to/.lock"
flock 9
if cmp -s "$requirements" "$to/.installed"; then
    exit 0
fi
rm -rf "$to/venv" "$to/.installed"
if ! { python3 -m venv "$to/venv" && "$to/venv/bin/pip" install --quiet --no-deps \
    --disable-pip-version-check --requirement "$requirements"; } >"$to/.log" 2>&1; then
    tail -n 5 "$to/.log"
    echo "skipped: schemathesis cannot be installed; is Python there, and its package index reached?"
    exit 77
fi
cp "$requirements" "$to/.installed"
