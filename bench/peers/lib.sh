# Shared by the peers' scripts; sourced, never run.
set -euo pipefail

peers_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peer_dir=$(cd "$(dirname "$0")" && pwd)
# What is built or downloaded stays here from run to run.
PEER_CACHE=${PEER_CACHE:-$(cd "$peers_root/../.." && pwd)/build-peers/cache}
mkdir -p "$PEER_CACHE"

# This machine cannot have the peer.
skip() {
    echo "$*" >&2
    exit 3
}

# Runs a command that is quiet unless it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Debian packages; services that they would start are not started.
install_packages() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    command -v apt-get >/dev/null || skip "needs the Debian packages ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || skip "needs root to install the packages ${missing[*]}"
    quietly apt-get update || skip "apt-get update failed"
    local no_services=()
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        no_services=(rm -f /usr/sbin/policy-rc.d)
    fi
    local status=0
    quietly env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}" || status=$?
    "${no_services[@]}"
    [ "$status" -eq 0 ] || skip "apt-get could not install ${missing[*]}"
}

# Node and npm, of whatever source; Debian's when there are none.
install_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        install_packages nodejs npm
    fi
}

# npm packages exactly as the lock file in `folder` has them, below the cache. Prints where.
# Scripts of packages are not run: what they would compile comes along compiled.
install_npm() {
    local folder=$1 to
    to=$PEER_CACHE/npm-$(basename "$folder")
    if ! cmp -s "$folder/package-lock.json" "$to/installed"; then
        mkdir -p "$to"
        cp "$folder/package.json" "$folder/package-lock.json" "$to/"
        (cd "$to" && quietly npm ci --omit=dev --ignore-scripts --no-audit --no-fund) ||
            skip "npm could not install its packages"
        cp "$folder/package-lock.json" "$to/installed"
    fi
    echo "$to"
}

# Puts Go on the path, wherever it was unpacked; fails when there is none.
find_go() {
    PATH=$PATH:/usr/local/go/bin:/usr/lib/go/bin
    command -v go >/dev/null
}

# A Go program at an exact version, built into `folder`.
install_go() {
    local module=$1 folder=$2
    mkdir -p "$folder"
    GOBIN=$folder quietly go install "$module"
}

# A port on the loopback that nobody listens on.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000)) # below the range that clients' ports come from
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return 0
        fi
    done
    echo "no free port" >&2
    return 1
}

# Waits up to 60 s until `port` answers; fails when process `pid` ends before.
wait_port() {
    local port=$1 pid=$2
    for _ in $(seq 600); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return 0
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not come up on port $port" >&2
    return 1
}

children=()

# Starts a command in the background, its output into the file `log`, and sets `child`.
spawn() {
    local log=$1
    shift
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    children+=("$child")
}

# Ends what spawn started, the latest first, each before the next.
end_children() {
    local i
    trap - TERM INT EXIT
    for ((i = ${#children[@]} - 1; i >= 0; i--)); do
        kill -TERM "${children[i]}" 2>/dev/null || true
        wait "${children[i]}" 2>/dev/null || true
    done
}
trap 'end_children; exit 0' TERM INT
trap 'end_children' EXIT

# Tells that the server is ready at `address`, and stays while all its processes live.
serve() {
    echo "ready $1"
    wait -n "${children[@]}" || true
    echo "a process of the server ended by itself" >&2
    exit 1
}

# A command that runs as `user` when we are root: some servers refuse to be.
as_user() {
    local user=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid "$user" --regid "$user" --init-groups "$@"
    fi
    exec "$@"
}

postgres_bin=/usr/lib/postgresql/15/bin

# Starts a PostgreSQL of our own below `data`, with the settings of `conf`, and runs `schema` in it.
# Sets postgres_socket (a folder, to connect without TCP) and postgres_port. As root it runs as the
# user that the package made, because it refuses to run as root.
start_postgres() {
    local data=$1 conf=$2 schema=$3
    postgres_socket=$data/postgres
    postgres_port=$(free_port)
    mkdir -m 700 "$postgres_socket"
    [ "$(id -u)" -ne 0 ] || chown postgres "$postgres_socket"
    (as_user postgres test -w "$postgres_socket") || {
        echo "user postgres cannot get to $postgres_socket: choose another DATA" >&2
        return 1
    }
    (cd / && as_user postgres "$postgres_bin/initdb" -D "$postgres_socket/db" -U postgres -A trust \
        -E UTF8 --locale=C --no-instructions) >"$data/initdb.log" 2>&1
    cat "$conf" >>"$postgres_socket/db/postgresql.conf"
    spawn "$data/postgres.log" as_user postgres "$postgres_bin/postgres" -D "$postgres_socket/db" \
        -c listen_addresses=127.0.0.1 -c port="$postgres_port" \
        -c unix_socket_directories="$postgres_socket"
    wait_port "$postgres_port" "$child"
    until "$postgres_bin/pg_isready" -q -h "$postgres_socket" -p "$postgres_port"; do
        kill -0 "$child" # its port answers a moment before it takes connections
        sleep 0.1
    done
    "$postgres_bin/psql" -qX -v ON_ERROR_STOP=1 -h "$postgres_socket" -p "$postgres_port" -U postgres \
        -f "$schema" postgres >>"$data/postgres.log" 2>&1
}
