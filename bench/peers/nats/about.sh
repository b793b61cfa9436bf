protocol=nats
synced=no
guarantees='acknowledged once written, synced every 2 minutes; idempotency only with a header, and for 2 minutes'
