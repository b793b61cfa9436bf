#!/usr/bin/env bash
# Shows that every gate goes red: on a tree without C files, and on each fault it is there to find;
# and that it stays green on a tree without faults.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT
wrong=0

# tree: a new, clean git tree in $tree
tree() {
    tree=$(mktemp -d -p "$trees")
    git init -q "$tree"
    put storage/log.h '#include <lmdb.h>'
    put storage/log.c '#include "storage/log.h"'
    put runtime/world_uv.c '#include <uv.h>'
    put edge/ws.c '#include "runtime/world.h"' '#include <libwebsockets.h>'
    put runtime/world.h '#include "base/error.h"'
    put actors/couple.c '#include "runtime/world.h"' '#include <uv/tree.h>'
    put bench/load.c '#include <stdatomic.h>'
    put tests/unit/base/error_test.c '#include "base/error.h"' '#include <assert.h>'
    put base/error.h '// an assert(1) in a comment, and _Atomic' \
        '_Static_assert(sizeof("assert(0) _Atomic") > 0, "");'
    put base/error.c '#include "base/error.h"' '' 'int answer(void)' '{' '    return 42;' '}'
}

put() { # put PATH LINE…
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "${@:2}" >"$tree/$1"
}

lines() { # lines COUNT TEXT
    awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) { print text } }'
}

red() { # red GATE WHAT [EXPECTED TEXT]
    local output
    if output=$("$here/$1.sh" "$tree" 2>&1); then
        echo "$1 is green on: $2"
        wrong=1
    elif ! grep -qF -- "${3:-inspected nothing}" <<<"$output"; then
        echo "$1 is red on '$2' for another reason: $output"
        wrong=1
    fi
}

green() { # green GATE WHAT
    local output
    if ! output=$("$here/$1.sh" "$tree" 2>&1); then
        echo "$1 is red on: $2: $output"
        wrong=1
    fi
}

gates="formatting lengths includes assertions atomics"

tree
for gate in $gates; do green "$gate" "a clean tree"; done
printf 'int   x;\n' >"$tree/base/ignored.c"
printf 'ignored.c\n' >"$tree/.gitignore"
green formatting "a fault in an ignored file"

tree=$(mktemp -d -p "$trees")
for gate in $gates; do red "$gate" "a folder without files"; done
git init -q "$tree"
put notes.txt "no C here"
for gate in $gates; do red "$gate" "a git tree without C files"; done

tree
put base/ugly.c 'int  f( void ){return 1;}'
red formatting "bad layout" base/ugly.c

tree
put base/long.c 'int f(void)' '{' "$(lines 67 '    ;')" '}'
green lengths "a function of 70 lines"
put base/long.c 'int f(void)' '{' "$(lines 68 '    ;')" '}'
red lengths "a function of 71 lines" "base/long.c:1: function of 71 lines"
put base/long.c 'static const char *f(int a,' '                     int b)' '{' \
    '    if (a) {' "$(lines 65 '        b++; /* } */')" '    }' '    return "}";' '}'
red lengths "a long function with braces inside" "base/long.c:1: function of 72 lines"

tree
put base/big.h "$(lines 800 '// x')"
green lengths "a file of 800 lines"
put base/big.h "$(lines 801 '// x')"
red lengths "a file of 801 lines" "file of 801 lines"
tree
put tests/z.c "$(lines 801 '// x')"
red lengths "the last file too long" "tests/z.c:801"
tree
put bench/protocols/a.c 'int  f( void ){return 1;}' "$(lines 800 '// x')"
red lengths "a long file in a folder's folder" "bench/protocols/a.c:801"
red formatting "bad layout in a folder's folder" bench/protocols/a.c

includes_red() { # includes_red PATH LINE EXPECTED
    tree
    put "$1" "$2"
    red includes "$1 with $2" "$3"
}
includes_red base/a.c '#include "config/x.h"' "base/ may not include config/"
includes_red storage/a.c '#include "runtime/world.h"' "storage/ may not include runtime/"
includes_red edge/a.c '#include "actors/user.h"' "edge/ may not include actors/"
includes_red actors/a.c '#  include <edge/ws.h>' "actors/ may not include edge/"
includes_red runtime/a.c '#include "../edge/ws.h"' "not a path from the root"
includes_red runtime/a.c '#include "tests/unit/support/x.h"' "not a path from the root"
includes_red wire/a.c '#include HEADER' "cannot be judged"
includes_red runtime/a.c '#include <lmdb.h>' "may not see lmdb.h"
includes_red runtime/shard.c '#include <uv.h>' "may not see uv.h"
includes_red runtime/a.c '#include <libwebsockets.h>' "may not see libwebsockets.h"
includes_red bench/a.c '#include <llhttp.h>' "may not see llhttp.h"
includes_red bench/protocols/a.c '#include <llhttp.h>' "protocols/a.c:1: may not see llhttp.h"
includes_red tools/shared/a.c '#include "bench/chat.h"' "tools/ may not include bench/"
includes_red actors/a.c '#include "storage/log.h"' "actors/a.c:1: may not see lmdb.h"
for header in lmdb.h uv.h libwebsockets.h llhttp.h; do
    includes_red actors/a.c "#include <$header>" "actors/a.c:1: may not see $header"
done

tree
put base/a.c 'void f(int x)' '{' '    assert(x);' '}'
red assertions "a raw assert" base/a.c:3
put base/a.c '#include <assert.h>'
red assertions "assert.h" base/a.c:1

tree
put actors/a.c 'static _Atomic int x;'
red atomics "_Atomic in actors/" actors/a.c:1
put actors/a.c '#include <stdatomic.h>'
red atomics "stdatomic.h in actors/" actors/a.c:1

exit "$wrong"
