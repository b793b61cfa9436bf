#!/usr/bin/env bash
# The same with every message synced before it is acknowledged, which 2.10 began to know.
exec env NATS_SYNC=always "$(dirname "$0")/../nats/start.sh" "$@"
