# make run    a running server from a bare machine
# make docs   the reference in docs/ anew, from the declarations
# make bench-peers   duet beside other systems, under the same load
# make bench-wrk   REST measured by duet-bench and by wrk, in turn
# make bench-idle-vm   100,000 idle connections, in a virtual machine without limits
# make bench-slow   what a client waits while others are as slow as they can
# make test   everything that must hold before a change is taken
JOBS ?= $(shell nproc)
DATA ?= ./data
export JOBS

.PHONY: run build bench-peers bench-wrk bench-idle-vm bench-slow docs test test-all gates format clean \
	deps-build deps-test guard guard-accept guard-profile

run: build
	@exec build/duetd --data $(DATA)

build: deps-build
	@scripts/build.sh release

bench-idle-vm: build
	@bench/vm/run.sh $(CONNECTIONS)

bench-slow: build
	@scripts/install-deps.sh slow
	@bench/slow.sh build $(SECONDS)

test: deps-test
	@scripts/test.sh

test-all: deps-test
	@scripts/test-all.sh

# Instructions per message against tests/guard/expected.txt; to take new figures; where they go.
guard: deps-test build
	@tests/guard/guard.sh check build/guard

guard-accept: deps-test build
	@tests/guard/guard.sh accept build/guard

guard-profile: deps-test build
	@tests/guard/guard.sh profile build/guard $(SCENARIO)

docs: build
	@build/duetctl describe --format md > docs/operations.md

gates:
	@scripts/gates/run.sh

format:
	@scripts/format.sh

clean:
	rm -rf build build-*

deps-build:
	@scripts/install-deps.sh build

deps-test:
	@scripts/install-deps.sh test

# Peers on the same machine, under the same load: see bench/peers/README.md
bench-peers: build
	@BENCH_SECONDS='$(SECONDS)' bench/peers/run.sh

# The same requests by another generator: see bench/README.md
bench-wrk: build
	@scripts/install-deps.sh bench
	@bench/wrk.sh
