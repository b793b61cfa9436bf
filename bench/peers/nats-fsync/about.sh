protocol=nats
synced=yes
guarantees='the partner hears a text at most once, and before it is stored; no idempotency without a header and a window of time'
