protocol=nats
synced=yes
guarantees='idempotency only with a header, and for 2 minutes'
