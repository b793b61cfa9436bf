#!/usr/bin/env bash
# As ../redis, but keeping and publishing a message is one step, and the push says where in the
# stream the message stands, so that a client can ask for what it missed: nearer to what duet does.
. "$(dirname "$0")/../lib.sh"
data=$1
port=$(free_port)
spawn "$data/log" redis-server "$peers_root/redis/redis.conf" --bind 127.0.0.1 --port "$port" \
    --dir "$data"
wait_port "$port" "$child"
redis-cli -h 127.0.0.1 -p "$port" -x FUNCTION LOAD <"$peer_dir/chat.lua" >>"$data/log"
serve "127.0.0.1:$port"
