#!/usr/bin/env bash
# Lints the documents that a build prints: lint.sh BUILD_DIRECTORY
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:?usage: lint.sh BUILD_DIRECTORY}
tools=build-npm/lint

scripts/npm-ci.sh tests/docs "$tools"
cp tests/docs/lint.mjs "$tools/"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/duetctl" describe --format openapi >"$work/openapi.json"
"$build/duetctl" describe --format asyncapi >"$work/asyncapi.json"
node "$tools/lint.mjs" "$work/openapi.json" "$work/asyncapi.json"
