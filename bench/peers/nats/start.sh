#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
data=$1
server=$("$peer_dir/install.sh" path)
port=$(free_port)
cat >"$data/nats.conf" <<CONF
listen: 127.0.0.1:$port
jetstream {
    store_dir: "$data"
    max_file_store: 64GB
    ${NATS_SYNC:+sync_interval: $NATS_SYNC}
}
CONF
spawn "$data/nats.log" "$server" -c "$data/nats.conf"
wait_port "$port" "$child"
serve "127.0.0.1:$port"
