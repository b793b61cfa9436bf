protocol=redis
synced=yes
guarantees='no sign-in, no idempotency; the push to the partner is apart from the stream, says no place in it and comes at most once; all messages must fit in memory'
