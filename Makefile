# make run    a running server from a bare machine
# make test   everything that must hold before a change is taken
JOBS ?= $(shell nproc)
DATA ?= ./data
export JOBS

.PHONY: run build test test-all gates format clean deps-build deps-test

run: build
	@exec build/duetd --data $(DATA)

build: deps-build
	@scripts/build.sh release

test: deps-test
	@scripts/test.sh

test-all: deps-test
	@scripts/test-all.sh

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
