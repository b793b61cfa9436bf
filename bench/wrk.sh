#!/usr/bin/env bash
# Measures the same requests with wrk and with `duet-bench rest`, in turn, on one server: two
# generators that know nothing of each other should find the same. See bench/README.md.
#   CONNECTIONS (100), SECONDS_EACH (10), ROUNDS (2), COUPLES (50), BYTES (200), DATA (the folder)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/.." && pwd)
build=${BUILD:-$root/build}
connections=${CONNECTIONS:-100}
seconds=${SECONDS_EACH:-10}
rounds=${ROUNDS:-2}
couples=${COUPLES:-50}
export BYTES=${BYTES:-200}

if ! command -v wrk >/dev/null; then
    echo "wrk.sh: there is no wrk; install it: scripts/install-deps.sh bench" >&2
    exit 1
fi
mkdir -p "${DATA:-$root/build-wrk}"
work=$(mktemp -d "${DATA:-$root/build-wrk}/run.XXXXXX")
server=
finish() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_server() {
    local line
    "$build/duetctl" seed --data "$work/data" --couples "$couples" --out "$work/people" >/dev/null
    mkfifo "$work/said"
    "$build/duetd" --data "$work/data" --listen 127.0.0.1:0 >"$work/said" 2>"$work/errors" &
    server=$!
    exec 4<"$work/said"
    while read -r -t 60 line <&4; do
        case "$line" in
        *"listening on "*)
            address=${line##*listening on }
            address=${address%% *}
            return
            ;;
        esac
    done
    echo "wrk.sh: the server did not start" >&2
    cat "$work/errors" >&2
    exit 1
}

# The figure `name` of a run's JSON, or of wrk's line.
of_json() { grep -o "\"$2\":[0-9][0-9.]*" <<<"$1" | head -n 1 | cut -d: -f2 | cut -d. -f1; }
of_wrk() { grep -o "$2=[0-9]*" <<<"$1" | cut -d= -f2; }

row() { printf '%-8s %-5s %-10s %11s %9s %9s %9s\n' "$@"; }

ours() { # request round
    local found code=0
    found=$("$build/duet-bench" rest --server "$address" --tokens "$work/people" \
        --data "$work/data" --couples "$couples" --connections "$connections" --op "$1" \
        --bytes "$BYTES" --seconds "$seconds" --warmup 1 --json 2>"$work/said.ours") || code=$?
    row "$1" "$2" duet-bench "$(of_json "$found" requests_per_s)" "$(of_json "$found" p50_us)" \
        "$(of_json "$found" p99_us)" "$(of_json "$found" max_us)"
    if [ "$code" -ne 0 ]; then
        cat "$work/said.ours" >&2
        exit 1
    fi
    of_json "$found" requests_per_s >>"$work/ours.$1"
}

theirs() { # request round
    local found
    found=$(FIRST_NO=$(($(date +%s%N) / 1000)) PEOPLE=$work/people COUNT=$((couples * 2)) \
        SCRIPTS=$here/wrk wrk -t1 -c "$connections" -d "${seconds}s" --latency \
        -s "$here/wrk/$1.lua" "http://$address" 2>&1)
    row "$1" "$2" wrk "$(of_wrk "$found" per_s)" "$(of_wrk "$found" p50_us)" \
        "$(of_wrk "$found" p99_us)" "$(of_wrk "$found" max_us)"
    if [ "$(of_wrk "$found" wrong)" != 0 ]; then
        printf '%s\n' "wrk found answers that are wrong:" "$found" >&2
        exit 1
    fi
    of_wrk "$found" per_s >>"$work/theirs.$1"
}

mean() { awk '{ sum += $1 } END { printf "%.0f", sum / NR }' "$1"; }

start_server
row request round generator per_s p50_us p99_us max_us
for request in profile send; do
    for ((round = 1; round <= rounds; round++)); do
        ours "$request" "$round"
        theirs "$request" "$round"
    done
    a=$(mean "$work/ours.$request")
    b=$(mean "$work/theirs.$request")
    printf '%s: duet-bench %s/s, wrk %s/s, ours over theirs %s\n' "$request" "$a" "$b" \
        "$(awk "BEGIN { printf \"%.2f\", $a / $b }")"
done
