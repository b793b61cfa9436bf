protocol=tinode
synced=yes
guarantees='no idempotency: a text sent again after a lost connection is stored twice; sign-in here is anonymous'
