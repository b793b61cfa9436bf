#!/usr/bin/env bash
# PostgreSQL with ejabberd's own schema and two users for each couple, and ejabberd in one process,
# without the distribution of Erlang, so that no port mapper stays behind.
. "$(dirname "$0")/../lib.sh"
data=$1
couples=${COUPLES:-100}

users="insert into users (username, password) select 'u' || lpad(to_hex(c), 8, '0') || '-' || s,
'secret' from generate_series(0, $couples - 1) c, generate_series(0, 1) s;"
{
    cat /usr/share/ejabberd/sql/pg.sql
    echo "$users"
} >"$data/schema.sql"
start_postgres "$data" "$peers_root/socketio-postgres/postgresql.conf" "$data/schema.sql"

port=$(free_port)
home=$data/ejabberd
mkdir -m 700 "$home"
sed "s/@PORT@/$port/; s/@SQL_PORT@/$postgres_port/" "$peer_dir/ejabberd.yml" >"$home/ejabberd.yml"
[ "$(id -u)" -ne 0 ] || chown -R ejabberd "$home"
spawn "$data/ejabberd.out" as_user ejabberd env HOME="$home" ERL_LIBS=/usr/lib/x86_64-linux-gnu \
    ERL_MAX_PORTS=200000 ERL_CRASH_DUMP_BYTES=0 EJABBERD_CONFIG_PATH="$home/ejabberd.yml" \
    EJABBERD_LOG_PATH="$home/ejabberd.log" \
    erl -noinput +P 1000000 +Q 200000 -mnesia dir "\"$home/mnesia\"" -s ejabberd
wait_port "$port" "$child"
serve "127.0.0.1:$port"
