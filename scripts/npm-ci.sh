#!/usr/bin/env bash
# Installs the pinned packages of a folder with package.json and package-lock.json into another
# folder, once per lock; several builds may ask at the same time.
#   npm-ci.sh FROM TO
set -euo pipefail
from=${1:?usage: npm-ci.sh FROM TO}
to=${2:?usage: npm-ci.sh FROM TO}

if ! command -v npm >/dev/null; then
    echo "npm-ci: npm is missing; run scripts/install-deps.sh" >&2
    exit 1
fi
mkdir -p "$to"
exec 9>"$to/.lock"
flock 9
if cmp -s "$from/package-lock.json" "$to/.installed"; then
    exit 0
fi
rm -f "$to/.installed"
cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to/"
if ! (cd "$to" && npm ci --loglevel=error) >"$to/.log" 2>&1; then
    cat "$to/.log" >&2
    echo "npm-ci: npm could not install what $from/package-lock.json names: is its registry reached?" >&2
    exit 1
fi
cp "$from/package-lock.json" "$to/.installed"
