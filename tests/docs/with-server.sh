#!/usr/bin/env bash
# Runs a command beside a server of its own, whose address is in BASE:
#   with-server.sh BUILD_DIRECTORY COMMAND [ARGUMENT…]
set -euo pipefail
build=${1:?usage: with-server.sh BUILD_DIRECTORY COMMAND}
shift
work=$(mktemp -d)
server=
end() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap end EXIT

: >"$work/log" # there before it is read, whoever is quicker
"$build/duetd" --data "$work/data" --listen 127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
BASE=
for _ in $(seq 200); do
    BASE=$(sed -n 's/^listening on /http:\/\//p' "$work/log" | head -n 1)
    if [ -n "$BASE" ] || ! kill -0 "$server" 2>/dev/null; then
        break
    fi
    sleep 0.1
done
if [ -z "$BASE" ]; then
    cat "$work/log" >&2
    echo "with-server: duetd did not start" >&2
    exit 1
fi
export BASE
"$@"
