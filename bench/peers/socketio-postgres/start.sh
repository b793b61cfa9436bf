#!/usr/bin/env bash
# PostgreSQL, and Node processes that share the couples out (see ../socketio/start.sh).
. "$(dirname "$0")/../lib.sh"
data=$1
processes=${PROCESSES:-2}
modules=$(install_npm "$peers_root/socketio")
start_postgres "$data" "$peer_dir/postgresql.conf" "$peer_dir/schema.sql"
ports=
for ((i = 0; i < processes; i++)); do
    port=$(free_port)
    spawn "$data/server-$port.log" env NODE_PATH="$modules/node_modules" NODE_ENV=production \
        PGHOST="$postgres_socket" PGPORT="$postgres_port" PGUSER=postgres PGDATABASE=postgres \
        node --max-semi-space-size=64 "$peer_dir/server.js" "$port"
    wait_port "$port" "$child"
    ports+=${ports:+,}$port
done
serve "127.0.0.1:$ports"
