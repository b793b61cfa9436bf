#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
install_node
install_packages postgresql-15
[ -x "$postgres_bin/postgres" ] || skip "no PostgreSQL 15 in $postgres_bin"
modules=$(install_npm "$peers_root/socketio")
if [ "${1:-}" = version ]; then
    echo "Socket.IO $(node -p "require('$modules/node_modules/socket.io/package.json').version"), Node $(node -p process.versions.node), $("$postgres_bin/postgres" --version)"
fi
