#!/usr/bin/env bash
exec "$(dirname "$0")/../nats/install.sh" "$@"
