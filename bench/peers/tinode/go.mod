module duet.bench/tinode

go 1.26.0

require github.com/tinode/chat v0.25.3
