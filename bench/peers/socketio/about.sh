protocol=socketio
synced=no
guarantees='nothing is stored: a message is gone when the process or the connection is; no idempotency, no resumption'
