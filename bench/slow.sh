#!/usr/bin/env bash
# What others wait while slowhttptest holds a server's connections: four ways of being slow, a
# probing client beside each, and before them one without an attack. Fails when the p99 of the
# probes reaches LIMIT_MS, or one of them is not answered.
#   bench/slow.sh [BIN [SECONDS]]
#       BIN      directory of duetd and duet-bench; default build
#       SECONDS  of each attack; default 30
#   CONNECTIONS=2000 of each attack · RATE=400 new ones a second · LIMIT_MS=100 ·
#   PROBES=50 a second over new connections, and as many over kept ones
# Needs slowhttptest and jq: scripts/install-deps.sh slow.
set -euo pipefail
bin=$(cd "${1:-build}" && pwd)
seconds=${2:-30}
connections=${CONNECTIONS:-2000}
rate=${RATE:-400}
limit_ms=${LIMIT_MS:-100}
probes=${PROBES:-50}
files=$((connections * 2 + 4096))
server=
attacker=

for program in slowhttptest jq; do
    if ! command -v "$program" >/dev/null; then
        echo "slow: $program is missing; run: scripts/install-deps.sh slow" >&2
        exit 1
    fi
done
if ! ulimit -n "$files" 2>/dev/null && [ "$(ulimit -n)" -lt "$files" ]; then
    echo "slow: needs $files open files, may have $(ulimit -Hn); raise the hard limit" >&2
    exit 1
fi
work=$(mktemp -d)

clean_up() {
    if [ -n "$attacker" ]; then kill -- -"$attacker" 2>/dev/null || true; fi
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

"$bin/duetd" --data "$work/data" --listen 127.0.0.1:0 --log_level error >"$work/listening" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    if grep -qs 'listening on' "$work/listening"; then break; fi
    sleep 0.1
done
address=$(grep -oE '[0-9.]+:[0-9]+' "$work/listening")

# CPU time of the server so far, in ms
cpu_ms() {
    awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) * 1000 / ticks) }' \
        "/proc/$server/stat"
}

sockets() {
    { find "/proc/$server/fd" -lname 'socket:*' 2>/dev/null || true; } | wc -l # some go meanwhile
}

# attack ARGUMENT…: over and over, because what is cut off does not come back by itself. A process
# group of its own, so that it can be ended whole.
attack() {
    set -m
    (while :; do
        slowhttptest -c "$connections" -r "$rate" -l "$seconds" -p 5 -v 0 "$@" >>"$work/attack" 2>&1
    done) &
    attacker=$!
    set +m
}

end_attack() {
    kill -- -"$attacker" 2>/dev/null || true
    wait "$attacker" 2>/dev/null || true
    attacker=
}

failed=0
printf '%-14s %9s %9s %9s %9s %9s %8s %9s %7s\n' \
    attack 'new p50' 'new p99' 'kept p50' 'kept p99' 'max ms' failed sockets 'CPU %'

# measure NAME [ARGUMENT…]
measure() {
    local name=$1 before most=0 now probe status=0
    shift
    if [ $# -gt 0 ]; then
        attack "$@"
        sleep 3
    fi
    before=$(cpu_ms)
    "$bin/duet-bench" probe --address "$address" --rate "$probes" --seconds "$seconds" \
        --limit-ms "$limit_ms" --json >"$work/probe.json" 2>/dev/null &
    probe=$!
    while kill -0 "$probe" 2>/dev/null; do
        now=$(sockets)
        if [ "$now" -gt "$most" ]; then most=$now; fi
        sleep 0.5
    done
    wait "$probe" || status=$?
    now=$(cpu_ms)
    if [ -n "$attacker" ]; then end_attack; fi
    jq -r --arg name "$name" --arg most "$most" --arg cpu $(((now - before) / (10 * seconds))) \
        '[$name, .new_p50_ms, .new_p99_ms, .kept_p50_ms, .kept_p99_ms,
          ([.new_max_ms, .kept_max_ms] | max), .failed, $most, $cpu] | @tsv' "$work/probe.json" |
        awk -F '\t' '{ printf "%-14s %9.2f %9.2f %9.2f %9.2f %9.2f %8d %9d %7d\n", $1, $2, $3, $4, $5, $6, $7, $8, $9 }'
    if [ "$status" -ne 0 ]; then failed=1; fi
    if ! kill -0 "$server" 2>/dev/null; then
        echo "slow: duetd ended: $(cat "$work/log")" >&2
        exit 1
    fi
}

measure nothing
measure 'slow head' -H -i 2 -x 24 -t GET -u "http://$address/healthz"
measure 'slow body' -B -i 2 -x 10 -s 8192 -t POST -f application/json \
    -u "http://$address/api/v1/auth/login"
measure 'slow reader' -X -w 16 -y 512 -n 5 -z 32 -k 3 -u "http://$address/openapi.json"
measure ranges -R -a 10 -b 3000 -t HEAD -u "http://$address/openapi.json"

if [ "$failed" -ne 0 ]; then
    echo "slow: a p99 above $limit_ms ms, or a probe without its answer" >&2
    exit 1
fi
