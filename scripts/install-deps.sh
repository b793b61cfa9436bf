#!/usr/bin/env bash
# Installs the Debian packages that are missing; touches nothing if none is.
#   install-deps.sh build   what `make run` needs
#   install-deps.sh test    that, and what `make test` and `make test-all` need
#   install-deps.sh bench   what `make run` needs, Erlang for `duet-bench actor`, and wrk
#   install-deps.sh slow    what `make build` and `make bench-slow` need
#   install-deps.sh vm      what `make build` and `make bench-idle-vm` need
set -euo pipefail

build_packages=(
    cmake ninja-build make gcc libc6-dev pkg-config
    libuv1-dev liblmdb-dev libmsgpack-dev libsodium-dev
    libjansson-dev node-llhttp libutf8proc-dev libxxhash-dev libbsd-dev uthash-dev
    libreadline-dev
)
# any npm does, wherever it is from
if [ "${DUET_DOC_UI:-ON}" != OFF ] && ! command -v npm >/dev/null; then
    build_packages+=(nodejs npm)
fi
test_packages=(
    "${build_packages[@]}"
    libcmocka-dev g++ clang clang-format llvm libclang-rt-14-dev valgrind lmdb-utils
    git ca-certificates libcurl4-openssl-dev python3-venv
    nginx-light haproxy
)
if [ "${DUET_DOC_UI:-ON}" != OFF ] && ! command -v chromium google-chrome >/dev/null; then
    test_packages+=(chromium)
fi
slow_packages=("${build_packages[@]}" slowhttptest jq)
vm_packages=(
    "${build_packages[@]}"
    qemu-system-x86 busybox-static cpio
)

bench_packages=("${build_packages[@]}" erlang-base wrk)

case "${1:-build}" in
build) packages=("${build_packages[@]}") ;;
test) packages=("${test_packages[@]}") ;;
bench) packages=("${bench_packages[@]}") ;;
slow) packages=("${slow_packages[@]}") ;;
vm) packages=("${vm_packages[@]}") ;;
*)
    echo "usage: $0 [build|test|bench|slow|vm]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-deps: this is no Debian system; install by hand: ${packages[*]}" >&2
    exit 1
fi

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | awk '$2 == "installed" { print $1 }')
missing=()
for package in "${packages[@]}"; do
    if ! grep -qxF -- "$package" <<<"$installed"; then
        missing+=("$package")
    fi
done
if [ "${#missing[@]}" -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: neither root nor sudo; as root, run:" >&2
        echo "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_quietly() {
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        echo "install-deps: failed: $*" >&2
        exit 1
    fi
}
if [ "${#as_root[@]}" -gt 0 ]; then
    sudo -v # asks for the password here, where it can be seen
fi
run_quietly apt-get update
run_quietly apt-get install -y --no-install-recommends "${missing[@]}"
