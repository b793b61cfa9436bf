#!/usr/bin/env bash
# Holds more idle connections than this machine's limit on open files allows: in a virtual machine
# in which we are root. `duet-bench idle` runs there, on the programs of this build.
#
# Memory per connection is as good as outside. Where there is no KVM, the processor is emulated:
# then nothing that has to do with time, CPU or rates is worth anything.
#
#   bench/vm/run.sh [connections]       default 100000
#   HOLD=60 seconds to hold them · MEMORY=6144 MiB of the guest · TIMEOUT=3600 seconds for all
#   JOINING=64 how many connect at a time · BUILD=build · KERNEL=path of a bzImage (default: Debian's)
set -euo pipefail
cd "$(dirname "$0")/../.."

connections=${1:-100000}
hold=${HOLD:-60}
joining=${JOINING:-64}
memory=${MEMORY:-6144}
limit=${TIMEOUT:-3600}
build=${BUILD:-build}
work=$build/vm
results=bench/results

die() {
    echo "bench-idle-vm: $*" >&2
    exit 1
}

case $connections in
'' | *[!0-9]*) die "connections must be a number, not '$connections'" ;;
esac
[ "$(uname -m)" = x86_64 ] || die "only for x86_64 so far; this is $(uname -m)"
for program in duetd duetctl duet-bench; do
    [ -x "$build/$program" ] || die "$build/$program is missing: run make build"
done
available=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
[ "$available" -gt $((memory + 512)) ] ||
    die "$memory MiB for the guest, but only $available MiB are free: set MEMORY to less (100,000 connections need some 4,000)"

scripts/install-deps.sh vm
mkdir -p "$work" "$results"

kernel=${KERNEL:-}
if [ -z "$kernel" ]; then
    kernel=$work/vmlinuz
    if [ ! -s "$kernel" ]; then
        echo "bench-idle-vm: getting Debian's kernel for virtual machines"
        image=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
        [ -n "$image" ] || die "no package linux-image-cloud-amd64; set KERNEL to a bzImage with a serial console and an initramfs"
        rm -rf "$work/kernel"
        mkdir -p "$work/kernel"
        (cd "$work/kernel" && apt-get download "$image" >/dev/null 2>&1) || die "apt-get download $image failed; try apt-get update"
        dpkg-deb --fsys-tarfile "$work"/kernel/*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz*'
        mv "$work"/kernel/boot/vmlinuz* "$kernel"
        rm -rf "$work/kernel"
    fi
fi

# Everything that the programs load, the event loop's plugin of libwebsockets included.
root=$work/root
rm -rf "$root"
mkdir -p "$root"/{bin,duet,proc,sys,dev,etc,lib/duet,lib64}
cp /bin/busybox "$root/bin/busybox"
cp bench/vm/init.sh "$root/init"
chmod 755 "$root/init"
cp "$build"/{duetd,duetctl,duet-bench} "$root/duet/"
plugins=$(dpkg -L libwebsockets-evlib-uv | grep '\.so$' || true)
for file in "$build"/{duetd,duetctl,duet-bench} $plugins; do
    ldd "$file" | awk '/=> \// { print $3 }'
done | sort -u | xargs -I{} cp -L {} "$root/lib/duet/"
for plugin in $plugins; do # at the path at which it is looked for
    mkdir -p "$root$(dirname "$plugin")"
    cp -L "$plugin" "$root$plugin"
done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
strip --strip-debug "$root"/duet/* 2>/dev/null || true
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs.gz"

start() { # accelerator, seconds, further words of the kernel's command line
    timeout --foreground "$2" qemu-system-x86_64 -accel "$1" -cpu max -smp 2 -m "$memory" \
        -display none -monitor none -serial stdio -no-reboot -nic none \
        -kernel "$kernel" -initrd "$work/initramfs.gz" \
        -append "console=ttyS0 quiet panic=-1 $3" </dev/null
}

# KVM may be there and not work: within another virtual machine, say.
accelerator=tcg,thread=multi
if [ -r /dev/kvm ] && [ -w /dev/kvm ] &&
    start kvm 20 "duet.connections=2 duet.hold=1 duet.joining=1" 2>/dev/null | grep -q 'duet-vm: status 0'; then
    accelerator=kvm
fi
echo "bench-idle-vm: $connections connections in a guest of $memory MiB, $accelerator"
[ "$accelerator" = kvm ] || echo "bench-idle-vm: the processor is emulated: memory counts, CPU and rates do not"

log=$work/console.log
status=0
start "$accelerator" "$limit" \
    "duet.connections=$connections duet.hold=$hold duet.joining=$joining" 2>&1 |
    tr -d '\r' | tee "$log" | sed '/^duet-vm: result/,/^duet-vm: end of result/d' || status=$?
[ "$status" -eq 0 ] || die "the guest did not end within $limit s (TIMEOUT), or qemu failed; see $log"
name=$(sed -n 's/^duet-vm: result //p' "$log" | tail -1)
if [ -n "$name" ]; then
    sed -n "/^duet-vm: result $name/,/^duet-vm: end of result/p" "$log" | sed '1d;$d' >"$results/vm-$name"
    echo "bench-idle-vm: saved $results/vm-$name"
fi
grep -q '^duet-vm: status 0' "$log" || die "the measurement failed in the guest; see $log"
