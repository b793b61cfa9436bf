#!/usr/bin/env bash
exec "$(dirname "$0")/../nats/start.sh" "$@"
