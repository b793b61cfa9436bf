#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
install_packages redis-server
if [ "${1:-}" = version ]; then
    redis-server --version | sed 's/.* v=\([0-9.]*\).*/Redis \1/'
fi
