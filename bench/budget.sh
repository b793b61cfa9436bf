#!/usr/bin/env bash
# What one chat message costs a running server, at windows 1 and 16: system calls by thread and
# call, CPU by thread, and where the time goes. For docs/performance.md.
#   bench/budget.sh [BIN [SECONDS [DATA]]]
#       BIN      directory of duetd, duetctl and duet-bench; default build
#       SECONDS  of each of the two measurements; default 5
#       DATA     folder on the file system to measure; default the current one
# Needs perf (Debian: linux-perf) and the right to use it, usually root's. Counting system calls at
# their tracepoints does not slow the server as strace does, so batches are as large as they are live.
set -euo pipefail
bin=$(cd "${1:-build}" && pwd)
seconds=${2:-5}
work=$(mktemp -d -p "${3:-.}" duet-budget.XXXXXX)
warmup=3
couples=100
calls=(recvfrom sendto read write readv writev sendmsg recvmsg epoll_wait epoll_pwait epoll_ctl poll
    pread64 pwrite64 pwritev fdatasync fsync futex mmap munmap madvise io_uring_enter)
server=
load=

clean_up() {
    if [ -n "$load" ]; then kill "$load" 2>/dev/null || true; fi
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    wait
    rm -rf "$work"
}
trap clean_up EXIT

if ! command -v perf >/dev/null || ! perf stat -e raw_syscalls:sys_enter true 2>/dev/null; then
    echo "budget: needs perf with tracepoints: install linux-perf, run as root" >&2
    exit 1
fi

figure() { # figure NAME: of the server's own statistics
    "$bin/duetctl" stats --data "$work/data" --json | grep -oE "\"$1\":[0-9]+" | grep -oE '[0-9]+$'
}

# Lines "thread user system" in clock ticks; threads of one name by number are told apart.
threads() {
    awk '{ name = $2; gsub(/[()]/, "", name); print name, $14, $15 }' /proc/"$server"/task/*/stat
}

start() { # start WINDOW
    rm -rf "$work/data"
    "$bin/duetctl" seed --data "$work/data" --couples "$couples" --out "$work/tokens" >/dev/null
    "$bin/duetd" --data "$work/data" --listen 127.0.0.1:0 --log_level warn >"$work/listening" &
    server=$!
    until grep -qs 'listening on' "$work/listening"; do sleep 0.1; done
    "$bin/duet-bench" chat --server "ws://$(grep -oE '[0-9.]+:[0-9]+' "$work/listening")" \
        --tokens "$work/tokens" --data "$work/data" --couples "$couples" --window "$1" \
        --warmup "$warmup" --seconds $((2 * seconds + 6)) --json >"$work/chat.json" 2>/dev/null &
    load=$!
    sleep $((warmup + 1))
}

stop() {
    if ! wait "$load"; then
        echo "budget: the load failed: $(cat "$work/chat.json")" >&2
        exit 1
    fi
    load=
    kill "$server"
    wait "$server" || true
    server=
}

# Between two marks, the same for messages, CPU and system calls: perf counts while its command runs.
mark() { # mark NAME
    figure records >"$work/records.$1"
    threads >"$work/threads.$1"
}

count() {
    local events=raw_syscalls:sys_enter call
    for call in "${calls[@]}"; do
        events+=",syscalls:sys_enter_$call"
    done
    export -f figure threads mark
    export bin work server
    perf stat -x, --per-thread -e "$events" -p "$server" -o "$work/stat" \
        bash -c "mark before; sleep $seconds; mark after"
    messages=$(($(cat "$work/records.after") - $(cat "$work/records.before")))
}

show_calls() {
    awk -F, -v messages="$messages" '
        $2 + 0 > 0 {
            thread = $1
            sub(/-[0-9]+$/, "", thread)
            sub(/^ +/, "", thread)
            sub(/^duet-shard.*/, "shards", thread)
            call = $4
            sub(/^.*sys_enter_?/, "", call)
            if (call == "") { total[thread] += $2; all += $2 } else { count[thread " " call] += $2 }
        }
        END {
            printf "\nsystem calls per message: %.3f\n", all / messages
            for (thread in total) {
                printf "%-12s %-12s %8.3f\n", thread, "all", total[thread] / messages | "sort"
            }
            for (pair in count) {
                if (count[pair] / messages >= 0.0005) {
                    split(pair, part, " ")
                    printf "%-12s %-12s %8.3f\n", part[1], part[2], count[pair] / messages | "sort"
                }
            }
            close("sort")
        }' "$work/stat"
}

show_cpu() {
    printf '\nµs of CPU per message, user and system:\n'
    awk -v messages="$messages" -v tick="$(getconf CLK_TCK)" '
        { name = $1; sub(/^duet-shard.*/, "shards", name) }
        FILENAME ~ /before/ { user[name] -= $2; system_[name] -= $3; next }
        { user[name] += $2; system_[name] += $3 }
        END {
            scale = 1e6 / tick / messages
            for (name in user) {
                if (user[name] + system_[name] > 0) {
                    printf "%-12s %8.2f %8.2f\n", name, user[name] * scale, system_[name] * scale
                }
                sum_user += user[name]
                sum_system += system_[name]
            }
            printf "%-12s %8.2f %8.2f\n", "together", sum_user * scale, sum_system * scale
        }' "$work/threads.before" "$work/threads.after"
}

show_time() {
    perf record -q -e cpu-clock -F 997 -p "$server" -o "$work/perf" sleep "$seconds" >/dev/null 2>&1
    for keys in comm dso symbol; do
        printf '\nshare of the time by %s, %%:\n' "$keys"
        perf report -i "$work/perf" --sort "$keys" --stdio 2>/dev/null |
            awk '/^ +[0-9.]+%/ && shown++ < 40 { sub(/( +-)+ *$/, ""); print }'
    done
}

for window in 1 16; do
    start "$window"
    count
    printf '\n== window %s: %d messages/s (while others may have used the machine) ==\n' "$window" \
        $((messages / seconds))
    show_calls
    show_cpu
    show_time
    stop
done
