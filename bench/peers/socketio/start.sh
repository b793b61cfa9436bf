#!/usr/bin/env bash
# Two processes, as one uses one core only: both partners of a couple reach the same one, as a proxy
# that hashes by couple would do it, so no adapter is needed between them.
. "$(dirname "$0")/../lib.sh"
data=$1
processes=${PROCESSES:-2}
modules=$(install_npm "$peer_dir")
ports=
for ((i = 0; i < processes; i++)); do
    port=$(free_port)
    spawn "$data/server-$port.log" env NODE_PATH="$modules/node_modules" NODE_ENV=production \
        node --max-semi-space-size=64 "$peer_dir/server.js" "$port"
    wait_port "$port" "$child"
    ports+=${ports:+,}$port
done
serve "127.0.0.1:$ports"
