protocol=nats-core
synced=no
guarantees='acknowledged once written, synced every 2 minutes; the partner hears a text at most once, before it is stored, and not where it stands'
