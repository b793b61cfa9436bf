#!/bin/busybox sh
# The guest's first and only program: raises the limits, measures, switches the machine off. What it
# is to do stands on the kernel's command line: duet.connections, duet.hold, duet.joining.
export PATH=/bin:/duet LD_LIBRARY_PATH=/lib/duet
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /data /out /tmp
mount -t tmpfs -o size=16g tmpfs /data
ifconfig lo 127.0.0.1 netmask 255.0.0.0 up

value() {
    sed -n "s/.*duet\.$1=\([0-9]*\).*/\1/p" /proc/cmdline
}
connections=$(value connections)
files=$((connections + 10000))
echo $((files * 4)) >/proc/sys/fs/file-max
echo "1024 65535" >/proc/sys/net/ipv4/ip_local_port_range
echo 4096 >/proc/sys/net/core/somaxconn
ulimit -n "$files"

echo "duet-vm: measuring $connections connections, $(ulimit -n) open files, $(grep MemTotal /proc/meminfo)"
duet-bench idle --connections "$connections" --hold "$(value hold)" --joining "$(value joining)" \
    --data /data --save /out 2>&1
status=$?
cat /data/*/duetd.stderr 2>/dev/null # left there only when a program failed
df -h /data
echo "duet-vm: status $status"
echo "duet-vm: kernel memory $(grep -E '^Slab:' /proc/meminfo)"
for file in /out/*.json; do
    test -f "$file" && echo "duet-vm: result $(basename "$file")" && cat "$file" && echo &&
        echo "duet-vm: end of result"
done
poweroff -f
