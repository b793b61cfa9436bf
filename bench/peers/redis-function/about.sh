protocol=redis-function
synced=yes
guarantees='no sign-in, no idempotency; a push comes at most once, but says its place in the stream; all messages must fit in memory'
