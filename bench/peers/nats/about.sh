protocol=nats
synced=no
guarantees='acknowledged once written, synced every 2 minutes; the partner hears a text at most once, and before it is stored; no idempotency without a header and a window of time'
