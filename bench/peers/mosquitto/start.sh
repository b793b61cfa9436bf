#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
data=$1
port=$(free_port)
cat >"$data/mosquitto.conf" <<CONF
listener $port 127.0.0.1
allow_anonymous true
persistence true
persistence_location $data/
# The default: the broker's data base is written whole, so oftener is slower.
autosave_interval 1800
# Otherwise at most 20 in flight and 1000 waiting, the rest dropped.
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
sys_interval 0
log_type error
log_type warning
CONF
[ "$(id -u)" -ne 0 ] || echo "user root" >>"$data/mosquitto.conf"
spawn "$data/mosquitto.log" env PATH="$PATH:/usr/sbin" mosquitto -c "$data/mosquitto.conf"
wait_port "$port" "$child"
serve "127.0.0.1:$port"
