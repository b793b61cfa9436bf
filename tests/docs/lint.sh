#!/usr/bin/env bash
# Lints the documents that a running server gives: lint.sh BUILD_DIRECTORY
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:?usage: lint.sh BUILD_DIRECTORY}
tools=build-npm/lint

scripts/npm-ci.sh tests/docs "$tools"
cp tests/docs/lint.mjs "$tools/"
# shellcheck disable=SC2016 # BASE is set in there
tests/docs/with-server.sh "$build" \
    sh -c 'node "$0" "$BASE/openapi.json" "$BASE/asyncapi.json"' "$tools/lint.mjs"
