#!/usr/bin/env bash
# Instructions per message, counted by callgrind, against the committed figures.
#   guard.sh check PROGRAM              measures all; fails when one rises by more than 10 %
#   guard.sh accept PROGRAM             measures all and writes the figures down
#   guard.sh profile PROGRAM SCENARIO   where the instructions of one scenario go
# Exit code 77: the committed figures are for another compiler, C library or processor.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
expected=$here/expected.txt
percent=10
mode=${1:?usage: guard.sh check|accept|profile PROGRAM [SCENARIO]}
program=${2:?usage: guard.sh check|accept|profile PROGRAM [SCENARIO]}

# What is counted: from where the world enters the server …
enters=(session_connect session_receive session_writable session_disconnected
    shard_receive shard_turn_end shard_tick shard_job_done shard_replay shard_flush_all
    log_commit log_reader_next state_commit)
# … to where the server enters the world. All of its fakes are called so.
leaves='fake_*'

if ! command -v valgrind >/dev/null; then
    echo "guard: skipped: valgrind is not installed; run scripts/install-deps.sh test"
    exit 77
fi
about=$("$program" --about)
figures_for=$(sed -n 's/^# figures for: //p' "$expected" 2>/dev/null || true)
if [ "$mode" = check ] && [ "$about" != "$figures_for" ]; then
    echo "guard: skipped: figures are for $figures_for; this is $about"
    exit 77
fi

toggles=("--toggle-collect=$leaves")
symbols=$(nm "$program" | awk '{ print $NF }')
for name in "${enters[@]}"; do
    if ! grep -qxF -- "$name" <<<"$symbols"; then
        echo "guard: there is no function $name any more: say in guard.sh how the world enters" >&2
        exit 1
    fi
    toggles+=("--toggle-collect=$name")
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# count SCENARIO: leaves $work/SCENARIO.callgrind and $work/SCENARIO.units. The environment is
# fixed, since its size moves the stack, and with it what copies cost.
count() {
    if ! env -i PATH="$PATH" LC_ALL=C valgrind --tool=callgrind --instr-atstart=no \
        "${toggles[@]}" --callgrind-out-file="$work/$1.callgrind" "$program" "$1" \
        >"$work/$1.units" 2>"$work/$1.log"; then
        cat "$work/$1.log" "$work/$1.units" >&2
        echo "guard: $1 failed" >&2
        return 1
    fi
}

# Prints "SCENARIO UNIT INSTRUCTIONS ALLOCATIONS COPIES" for one that was counted, per unit.
figures() {
    awk -v scenario="$1" -v unit="$2" -v units="$(cat "$work/$1.units")" '
        function name_of(text,    id) {
            id = text
            sub(/^[^(]*\(/, "", id)
            sub(/\).*$/, "", id)
            if (text ~ /\) /) { sub(/^[^)]*\) /, "", text); names[id] = text }
            return names[id]
        }
        /^fn=/ { name_of($0) }
        /^cfn=/ { called = name_of($0) }
        /^calls=/ {
            split($1, call, "=")
            if (called ~ /^(malloc|calloc|realloc|aligned_alloc|posix_memalign)$/) {
                allocations += call[2]
            } else if (called ~ /^(mem(cpy|move|pcpy)|__mem(cpy|move|pcpy)_)/) {
                copies += call[2]
            }
        }
        /^totals:/ { instructions = $2 }
        END {
            if (units + 0 == 0 || instructions + 0 == 0) {
                print "guard: " scenario " counted nothing" > "/dev/stderr"
                exit 1
            }
            printf "%s %s %.0f %.1f %.1f\n", scenario, unit, instructions / units,
                allocations / units, copies / units
        }' "$work/$1.callgrind"
}

count_all() {
    local jobs=() job status=0 running=0 name unit
    while read -r name unit; do
        if [ "$running" -ge "${JOBS:-$(nproc)}" ]; then
            wait -n || status=1
            running=$((running - 1))
        fi
        count "$name" &
        jobs+=("$!")
        running=$((running + 1))
    done < <("$program" --list)
    for job in "${jobs[@]}"; do
        wait "$job" || status=1
    done
    [ "$status" -eq 0 ] || return 1
    while read -r name unit; do
        figures "$name" "$unit"
    done < <("$program" --list) >"$work/now"
}

# compare WITH_ADVICE: prints the table; fails when something has risen.
compare() {
    awk -v percent="$percent" -v advice="$1" '
        /^#/ || NF == 0 { next }
        FILENAME ~ /expected/ { expected[$1] = $3; next }
        {
            if (!header++) {
                printf "%-20s %-9s %10s %10s %8s %12s %8s\n", "scenario", "per", "expected", "now",
                    "change", "allocations", "copies"
            }
            seen[$1] = 1
            if ($1 in expected) {
                change = 100 * ($3 - expected[$1]) / expected[$1]
                before = expected[$1]
                said = sprintf("%+.1f%%", change)
            } else {
                change = 100
                before = "-"
                said = "new"
            }
            printf "%-20s %-9s %10s %10d %8s %12s %8s\n", $1, $2, before, $3, said, $4, $5
            if (change > percent) { risen = risen " " $1 }
            if (change < -percent) { fallen = fallen " " $1 }
        }
        END {
            for (name in expected) {
                if (!(name in seen)) { risen = risen " " name }
            }
            if (advice && fallen != "") {
                print "better by more than " percent " %:" fallen
                print "    commit it, so that the guard stays sharp: make guard-accept"
            }
            if (advice && risen != "") {
                print "worse by more than " percent " %, new or gone:" risen
                print "    where it goes: make guard-profile SCENARIO=<name>"
                print "    if it is worth that: make guard-accept, and say why in the commit"
            }
            exit advice && risen != ""
        }' "$expected" "$work/now"
}

# Where the heap begins is not fixed, and moves some counts by a few per cent: what seems to have
# risen is counted twice more, and the least stands.
recount_risen() {
    local name unit
    awk -v percent="$percent" '
        FILENAME ~ /expected/ { expected[$1] = $3; next }
        ($1 in expected) && $3 > expected[$1] * (1 + percent / 100) { print $1, $2 }
        ' "$expected" "$work/now" >"$work/risen"
    while read -r name unit; do
        for _ in 1 2; do
            count "$name"
            figures "$name" "$unit" >>"$work/now"
        done
    done <"$work/risen"
    awk '!($1 in least) { order[++count] = $1 }
        !($1 in least) || $3 < least[$1] { least[$1] = $3; line[$1] = $0 }
        END { for (i = 1; i <= count; i++) { print line[order[i]] } }' "$work/now" >"$work/least"
    mv "$work/least" "$work/now"
}

check() {
    count_all
    recount_risen
    compare 1
}

accept() {
    count_all
    if [ "$about" = "$figures_for" ]; then
        compare 0
    fi
    {
        echo "# Instructions inside the server, and calls of malloc and of memcpy and their kin, per"
        echo "# unit. Written by make guard-accept; compared by guard.sh check, which fails when the"
        echo "# instructions rise by more than $percent %."
        echo "# figures for: $about"
        echo "# scenario unit instructions allocations copies"
        cat "$work/now"
    } >"$work/expected"
    cp "$work/expected" "$expected"
    echo "written: tests/guard/expected.txt"
}

profile() {
    local scenario=$1
    if ! "$program" --list | cut -d' ' -f1 | grep -qxF -- "$scenario"; then
        echo "usage: make guard-profile SCENARIO=<name>, one of:" \
            "$("$program" --list | cut -d' ' -f1 | xargs)" >&2
        exit 2
    fi
    count "$scenario"
    local units
    units=$(cat "$work/$scenario.units")
    echo "$scenario: $(figures "$scenario" "$("$program" --list | awk -v s="$scenario" '$1 == s { print $2 }')" |
        awk '{ print $3 " instructions, " $4 " allocations, " $5 " copies per " $2 }')"
    for inclusive in no yes; do
        callgrind_annotate --inclusive=$inclusive --threshold=100 --auto=no \
            "$work/$scenario.callgrind" 2>/dev/null >"$work/annotated.$inclusive"
    done
    awk -v units="$units" -v root="$(cd "$here/../.." && pwd)/" -f "$here/profile.awk" \
        "$work/annotated.no" "$work/annotated.yes"
}

case "$mode" in
check | accept) "$mode" ;;
profile) profile "${3:-}" ;;
*)
    echo "usage: $0 check|accept|profile PROGRAM [SCENARIO]" >&2
    exit 2
    ;;
esac
