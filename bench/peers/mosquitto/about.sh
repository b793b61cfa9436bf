protocol=mqtt
synced=no
guarantees='messages are kept in memory and written to the disk every 30 minutes and at a clean stop; a client that reconnects may get a message twice; no history'
