protocol=xmpp
synced=yes
guarantees='the acknowledgement says that the server has taken the message; if its archive fails, that is only logged. No idempotency; no resumption here, who was away asks the archive'
