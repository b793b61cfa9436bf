#!/usr/bin/env bash
# Centrifugo 6 on its memory engine, the fastest of one node, with history, and clients that publish
# by themselves. Its settings are in config.json, but for the address.
. "$(dirname "$0")/../lib.sh"
data=$1
server=$("$peer_dir/install.sh" path)
port=$(free_port)
spawn "$data/log" env CENTRIFUGO_HTTP_SERVER_ADDRESS=127.0.0.1 CENTRIFUGO_HTTP_SERVER_PORT="$port" \
    "$server" --config "$peer_dir/config.json"
wait_port "$port" "$child"
serve "127.0.0.1:$port"
