# Sourced by test.sh and test-all.sh: runs stages, adds up their tests, prints a line for each.
# A stage that ran no test has failed. Green stages are quiet, red ones show all their output.

passed=0
failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

build_dir() {
    if [ "$1" = release ]; then echo build; else echo "build-$1"; fi
}

# stage NAME FUNCTION [ARGUMENT…]: the function sets stage_passed and stage_failed.
stage() {
    local name=$1 started=$SECONDS
    shift
    stage_passed=0
    stage_failed=0
    "$@"
    if [ $((stage_passed + stage_failed)) -eq 0 ]; then
        echo "$name: no test was run" >&2
        stage_failed=1
    fi
    passed=$((passed + stage_passed))
    failed=$((failed + stage_failed))
    printf '%-32s %5d s %5d passed, %d failed\n' \
        "$name" $((SECONDS - started)) "$stage_passed" "$stage_failed"
}

# Compiles a preset. Success is no test, failure is a failed one.
build_preset() {
    local started=$SECONDS
    if ! scripts/build.sh "$1"; then
        failed=$((failed + 1))
        printf '%-32s %5d s     build failed\n' "build $1" $((SECONDS - started))
        return 1
    fi
    printf '%-32s %5d s\n' "build $1" $((SECONDS - started))
}

gates() {
    local log=$logs/gates line
    scripts/gates/run.sh >"$log" 2>&1 || true
    line=$(tail -n 1 "$log")
    if [[ $line =~ ^gates:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        stage_passed=${BASH_REMATCH[1]}
        stage_failed=${BASH_REMATCH[2]}
    else
        stage_failed=1
    fi
    if [ "$stage_failed" -gt 0 ]; then
        cat "$log"
    fi
}

# The sanitizers of this compiler generation do not cope with very random address spaces.
without_aslr() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        setarch "$(uname -m)" -R "$@"
    else
        "$@"
    fi
}

# ctests PRESET [CTEST ARGUMENT…]
ctests() {
    local dir log=$logs/ctest status=0 line
    dir=$(build_dir "$1")
    shift
    without_aslr ctest --test-dir "$dir" -j "${JOBS:-$(nproc)}" --no-tests=error \
        --output-on-failure --test-output-size-failed 10000000 "$@" >"$log" 2>&1 || status=$?
    line=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" || true)
    if [[ $line =~ ,\ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
        stage_failed=${BASH_REMATCH[1]}
        stage_passed=$((BASH_REMATCH[2] - stage_failed))
    fi
    grep -E '\*\*\*Skipped' "$log" || true
    if [ "$status" -ne 0 ]; then
        grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed |^ +Start +[0-9]+: ' "$log" || true
        if [ "$stage_failed" -eq 0 ]; then
            stage_failed=1
        fi
    fi
}

# A program that is a test of its own: one_run LOGNAME COMMAND [ARGUMENT…]
one_run() {
    local log=$logs/$1
    shift
    if without_aslr "$@" >"$log" 2>&1; then
        stage_passed=$((stage_passed + 1))
    else
        cat "$log"
        echo "failed: $*"
        stage_failed=$((stage_failed + 1))
    fi
}

# unit, simulation and one run of the daemon; each of the three must exist
short_stages() {
    local label
    for label in unit simulation daemon-smoke; do
        stage "$1 $label" ctests "$1" -L "^$label\$"
    done
}

# The last line of every run, alone.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
