protocol=centrifugo
synced=no
guarantees='history is in memory: the last 1000 texts of each direction, gone with the process; no sign-in, no idempotency'
