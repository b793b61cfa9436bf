#!/usr/bin/env bash
# Runs every gate over the tree, and their self-test. Last line: "gates: N passed, M failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
passed=0
failed=0
for gate in formatting lengths includes assertions atomics selftest; do
    if output=$("./$gate.sh" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'gate %s:\n%s\n' "$gate" "$output"
    fi
done
echo "gates: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
