protocol=socketio
synced=yes
guarantees='no idempotency: a text sent again after a lost connection is stored twice; no resumption, a partner who was away has to ask'
