#!/usr/bin/env bash
# Tinode on PostgreSQL, which is as durable as by default. Keys in tinode.conf are the published ones
# of its sample configuration: they guard nothing here.
. "$(dirname "$0")/../lib.sh"
data=$1
programs=$("$peer_dir/install.sh" path)
echo "select 1;" >"$data/schema.sql" # tinode-db makes its own
start_postgres "$data" "$peers_root/socketio-postgres/postgresql.conf" "$data/schema.sql"
port=$(free_port)
for file in tinode.conf init.conf; do
    sed "s/@PORT@/$port/; s/@SQL_PORT@/$postgres_port/" "$peer_dir/tinode.conf" >"$data/$file"
done
sed -i 's/_conns": 40/_conns": 4/' "$data/init.conf" # it opens a second pool while it has the first
mkdir "$data/static"
cd "$data"
"$programs/tinode-db" -config "$data/init.conf" >>"$data/log" 2>&1
spawn "$data/log" "$programs/server" -config "$data/tinode.conf"
wait_port "$port" "$child"
serve "127.0.0.1:$port"
