#!/usr/bin/env bash
# make test-all: every preset with every compiler, valgrind, long fuzzing, a long crash run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/stages.sh

FUZZ_SECONDS=${FUZZ_SECONDS:-120}
CRASH_ROUNDS=${CRASH_ROUNDS:-100}
CONTRACT_EXAMPLES=${CONTRACT_EXAMPLES:-200}

fuzz_long() {
    local fuzzer name
    for fuzzer in build-asan/fuzz_*; do
        [ -f "$fuzzer" ] && [ -x "$fuzzer" ] || continue
        name=${fuzzer##*/fuzz_}
        one_run "fuzz" "$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=10 \
            -artifact_prefix="$fuzzer." "build-asan/corpus/$name"
    done
}

crash_long() {
    DUET_BIN=$PWD/build one_run "crash" build/tests/integration/crash --rounds "$CRASH_ROUNDS"
}

# With another seed each time; a failure prints it.
contract_long() {
    SEED=$RANDOM one_run "contract" tests/contract/run.sh build "$CONTRACT_EXAMPLES"
}

stage gates gates
for preset in release debug clang-release clang-debug asan gcc-asan; do
    if build_preset "$preset"; then
        stage "$preset all" ctests "$preset"
    fi
done
for preset in tsan gcc-tsan valgrind; do
    if build_preset "$preset"; then
        if [ "$preset" = valgrind ]; then
            stage "valgrind unit" ctests valgrind -L '^unit$'
            stage "valgrind daemon-smoke" ctests valgrind -L '^daemon-smoke$'
            stage "valgrind hostile" ctests valgrind -L '^hostile$'
        else
            short_stages "$preset"
        fi
    fi
done
stage "fuzz, $FUZZ_SECONDS s each" fuzz_long
stage "crash, $CRASH_ROUNDS rounds" crash_long
if tests/contract/install.sh; then
    stage "contract, $CONTRACT_EXAMPLES examples" contract_long
fi
finish
