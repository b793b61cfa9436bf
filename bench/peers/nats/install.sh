#!/usr/bin/env bash
# The current release, built, where Go is; else the one that Debian has.
. "$(dirname "$0")/../lib.sh"
release=v2.15.2
server=$PEER_CACHE/nats/$release/nats-server
if [ ! -x "$server" ]; then
    if find_go && install_go github.com/nats-io/nats-server/v2@$release "$(dirname "$server")"; then
        :
    elif [ "${1:-}" != release ]; then
        server=/usr/sbin/nats-server
        [ -x "$server" ] || install_packages nats-server
    else
        skip "needs NATS 2.10 or later, which Debian 12 has not and which was not built: needs Go"
    fi
fi
case "${1:-}" in
version) echo "NATS $("$server" --version | sed 's/.* v\{0,1\}//')" ;;
path) echo "$server" ;;
esac
