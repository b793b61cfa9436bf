#!/usr/bin/env bash
# Asks a running server whatever its /openapi.json allows and forbids, by schemathesis, and compares
# the answers with what the document says.
#   run.sh BUILD_DIRECTORY [EXAMPLES]     EXAMPLES: random requests for each operation
# Exit status 77: schemathesis is not here, and cannot be installed now.
# SEED: of the random requests, 1 unless given.
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD_DIRECTORY [EXAMPLES]}" && pwd)
examples=${2:-10}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=$PWD/build-py/contract/venv/bin

tests/contract/install.sh

work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || echo "duetd ended with status $?"
    fi
    rm -rf "$work"
}
trap finish EXIT

# Passwords cost 60 ms each, and the limits are another test's business.
"$build/duetd" --data "$work/data" --listen 127.0.0.1:0 --log-level warn \
    --costly-per-minute 1000000 --costly-per-minute-address 10000000 >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 600); do
    port=$(sed -n 's/^listening on 127\.0\.0\.1://p' "$work/out")
    [ -z "$port" ] || break
    kill -0 "$server" || { cat "$work/log"; exit 1; }
    sleep 0.1
done
url=http://127.0.0.1:$port

# run NAME TOKEN [OPTION…]
# Left out: the checks for what the document cannot say, which are declared_ops_test's business (a
# request that fits the schema may still be refused by a rule of the op), and streams, which do not
# end.
run() {
    local name=$1 token=$2
    shift 2
    if ! (cd "$work" && "$tools/st" run "$url/openapi.json" --header "Authorization: Bearer $token" \
        --exclude-checks positive_data_acceptance --exclude-operation-id notifications_stream \
        --phases examples,coverage,fuzzing --max-examples "$examples" --seed "${SEED:-1}" \
        --continue-on-failure --no-shrink --output-truncate false "$@") >"$work/$name" 2>&1; then
        cat "$work/$name" "$work/log"
        return 1
    fi
    grep -E '^ *(Tested|[0-9]+ generated)' "$work/$name"
}

# Apart: what ends the sign-in or the couple that all the others need.
status=0
"$tools/python" tests/contract/people.py "$url" >"$work/people"
run most "$(cat "$work/people")" --exclude-operation-id auth_signout \
    --exclude-operation-id couple_leave || status=1
run endings "$(cat "$work/people")" --include-operation-id auth_signout \
    --include-operation-id couple_leave || status=1
kill -0 "$server" || status=1
if [ -s "$work/log" ]; then
    echo "duetd complained:"
    cat "$work/log"
    status=1
fi
exit "$status"
