#!/usr/bin/env bash
# Runs every peer beside duet, A B A B, and prints ratios. See README.md here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=${ROUNDS:-2}
seconds=${BENCH_SECONDS:-20} # SECONDS is bash's own
warmup=${WARMUP:-5}
windows=${WINDOWS:-1 16}
couples=${COUPLES:-100}
data=${DATA:-$root/build-peers}
out=${OUT:-$root/bench/results/peers-$(date -u +%Y%m%dT%H%M%SZ).jsonl}
bench=$root/build/duet-bench
peers=${PEERS:-$(cd "$here" && for about in */about.sh; do dirname "$about"; done)}

mkdir -p "$data" "$(dirname "$out")"
: >"$out"
work=$(mktemp -d "$data/run.XXXXXX")
chmod 711 "$work" # servers that must not be root go through it
server=
failed=0

say() {
    printf '%s\n' "$*" >&2
}

stop_server() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}
finish() {
    stop_server
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The run's JSON goes to the results; its progress is shown.
measure() {
    local found
    if found=$("$bench" chat --couples "$couples" --seconds "$seconds" --warmup "$warmup" --json "$@"); then
        say "   $(summary "$found")"
    else
        failed=1
        say "   FAILED ${found:+: $(summary "$found")}"
    fi
    [ -z "$found" ] || printf '%s\n' "$found" >>"$out"
}

summary() {
    local name value line=
    for name in acked_per_s p50_us p99_us server_cpu_us_per_msg lost doubled disordered; do
        value=$(grep -o "\"$name\":[0-9n][^,}]*" <<<"$1" | tail -n 1 | cut -d: -f2)
        line+="$name ${value%.*} "
    done
    printf '%s' "$line"
}

# Starts the peer on a fresh folder and sets `address`.
start_peer() {
    local name=$1 line
    rm -rf "$work/peer"
    mkdir -m 711 "$work/peer"
    rm -f "$work/ready"
    mkfifo "$work/ready"
    setpriv --pdeathsig TERM "$here/$name/start.sh" "$work/peer" >"$work/ready" 2>"$work/$name.log" &
    server=$!
    address=
    exec 4<"$work/ready"
    if ! read -r -t 120 line <&4 || [ "${line#ready }" = "$line" ]; then
        say "   $name did not start:"
        tail -n 5 "$work/$name.log" >&2
        stop_server
        exec 4<&-
        return 1
    fi
    exec 4<&-
    address=${line#ready }
}

run_pair() {
    local name=$1 window=$2
    say "-- window $window: duet"
    measure --window "$window" --data "$work" --system duet --beside "$name"
    say "-- window $window: $name"
    if start_peer "$name"; then
        measure --window "$window" --data "$work/peer" --system "$name" --beside "$name" \
            --protocol "$protocol" --server "$address" --pid "$server"
        stop_server
    else
        failed=1
    fi
}

run_peer() {
    local name=$1 window round reason status=0
    protocol= synced= guarantees=
    . "$here/$name/about.sh"
    say "== $name: installing"
    reason=$("$here/$name/install.sh" 2>&1 >/dev/null) || status=$?
    if [ "$status" -ne 0 ]; then
        reason=$(tail -n 1 <<<"$reason")
        say "   skipped: $reason"
        printf '{"peer":"%s","skipped":"%s"}\n' "$name" "${reason//[\"\\]/}" >>"$out"
        return 0
    fi
    printf '{"peer":"%s","synced":"%s","not_guaranteed":"%s","version":"%s"}\n' "$name" "$synced" \
        "$guarantees" "$("$here/$name/install.sh" version 2>/dev/null | tr -d '"\\' | head -n 1)" >>"$out"
    for window in $windows; do
        for ((round = 1; round <= rounds; round++)); do
            run_pair "$name" "$window"
        done
    done
}

say "== calibration"
"$bench" calibrate --data "$work" --couples "$couples" --json >>"$out"
for name in $peers; do
    if [ ! -e "$here/$name/about.sh" ]; then
        say "no such peer: $name (there is no $here/$name/about.sh)"
        exit 2
    fi
    run_peer "$name"
done
say "results: $out"
"$bench" compare "$out"
exit "$failed"
