#!/usr/bin/env bash
# Opens the pages of a running server in Chromium: doc.sh BUILD_DIRECTORY CHROMIUM
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:?usage: doc.sh BUILD_DIRECTORY CHROMIUM}
browser=${2:?usage: doc.sh BUILD_DIRECTORY CHROMIUM}
tools=build-npm/browser

scripts/npm-ci.sh tests/browser "$tools"
cp tests/browser/doc.mjs "$tools/"
# shellcheck disable=SC2016 # BASE is set in there
tests/docs/with-server.sh "$build" sh -c 'node "$0" "$BASE" "$1"' "$tools/doc.mjs" "$browser"
