#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
install_node
modules=$(install_npm "$peer_dir")
if [ "${1:-}" = version ]; then
    echo "Socket.IO $(node -p "require('$modules/node_modules/socket.io/package.json').version"), Node $(node -p process.versions.node)"
fi
