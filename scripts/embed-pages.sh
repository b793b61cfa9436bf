#!/usr/bin/env bash
# Writes OUT, the C file of the pages in web/, each as it is and compressed; see edge/pages_files.h.
#   embed-pages.sh OUT ON     with Swagger UI, which npm brings
#   embed-pages.sh OUT OFF    without
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?usage: embed-pages.sh OUT ON|OFF}
with_ui=${2:?usage: embed-pages.sh OUT ON|OFF}
files=${out%.c}
ui=build-npm/doc/node_modules/swagger-ui-dist

if [ "$with_ui" = ON ] && ! scripts/npm-ci.sh web/doc build-npm/doc; then
    echo "embed-pages: /doc/ shows the operations with Swagger UI, which npm brings." >&2
    echo "embed-pages: to build without it: DUET_DOC_UI=OFF make run" >&2
    exit 1
fi

html='text/html; charset=utf-8'
js='text/javascript; charset=utf-8'
css='text/css; charset=utf-8'
text='text/plain; charset=utf-8'
pages=("/|$html|web/index.html" "/style.css|$css|web/style.css")
if [ "$with_ui" = ON ]; then
    pages+=(
        "/doc/|$html|web/doc/index.html"
        "/doc/doc.js|$js|web/doc/doc.js"
        "/doc/swagger-ui.css|$css|$ui/swagger-ui.css"
        "/doc/swagger-ui-bundle.js|$js|$ui/swagger-ui-bundle.js"
        "/doc/favicon-32x32.png|image/png|$ui/favicon-32x32.png"
        "/doc/LICENSE.txt|$text|$ui/LICENSE"
        "/doc/NOTICE.txt|$text|$ui/NOTICE"
    )
else
    pages+=("/doc/|$html|web/doc/absent.html")
fi

mkdir -p "$files"
{
    cat <<'END'
#include "edge/pages_files.h"

#define FILE_AT(name, path)                                                     \
    __asm__(".section .rodata\n" #name ":\n.incbin \"" path "\"\n" #name "_end:\n.previous\n"); \
    extern const uint8_t name[] __asm__(#name), name##_end[] __asm__(#name "_end");

END
    number=0
    for page in "${pages[@]}"; do
        cp -f "${page##*|}" "$files/$number"
        gzip -9nc "${page##*|}" >"$files/$number.gz"
        echo "FILE_AT(page_$number, \"$files/$number\")"
        echo "FILE_AT(page_gzip_$number, \"$files/$number.gz\")"
        number=$((number + 1))
    done
    echo
    echo 'const struct page_file page_files[] = {'
    number=0
    for page in "${pages[@]}"; do
        IFS='|' read -r path media _ <<<"$page"
        echo "    {\"$path\", \"$media\", page_$number, page_${number}_end,"
        echo "     page_gzip_$number, page_gzip_${number}_end},"
        number=$((number + 1))
    done
    echo '};'
    echo "const size_t page_file_count = $number;"
} >"$out.new"
mv "$out.new" "$out"
