FNR == 1 { inspected++ }

FILENAME ~ /^((runtime|storage|edge|bench|tests)\/|base\/logger[.]c$)/ { next }

code ~ /(^|[^A-Za-z0-9_])(_Atomic|stdatomic[.]h|atomic_[a-z_]+|__atomic_[a-z_]+|__sync_[a-z_]+)($|[^A-Za-z0-9_])/ {
    complain(FNR, "atomics do not belong here")
}
