#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
install_packages ejabberd erlang-p1-pgsql postgresql-15
[ -x "$postgres_bin/postgres" ] || skip "no PostgreSQL 15 in $postgres_bin"
if [ "${1:-}" = version ]; then
    echo "ejabberd $(dpkg-query -W -f '${Version}' ejabberd), $("$postgres_bin/postgres" --version)"
fi
