#!/usr/bin/env bash
. "$(dirname "$0")/../lib.sh"
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || install_packages mosquitto
if [ "${1:-}" = version ]; then
    echo "mosquitto $(PATH=$PATH:/usr/sbin mosquitto -h | sed -n '1s/.*version //p')"
fi
