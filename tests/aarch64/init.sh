#!/bin/sh
# The first process of the emulated machine: runs the tests that were asked for, says how each went, and switches off.
mount -t devtmpfs dev /dev
exec </dev/null >/dev/console 2>&1
mkdir -p /proc /dev/pts /dev/shm
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /tmp
ip link set lo up
export PATH=/usr/sbin:/usr/bin LANG=C.UTF-8 HOME=/root
cd /heimgate || exit

failed=0
echo "$(uname -m), Linux $(uname -r)"
while read -r test; do
	if timeout 900 "$test" </dev/null >/tmp/said 2>&1; then
		echo "ok      $test: $(grep -c '^ok' /tmp/said) checks"
		grep '^# Landlock' /tmp/said
	else
		failed=$((failed + 1))
		echo "not ok  $test"
		grep -v '^ok' /tmp/said
		dmesg | sed -n 's/.*type=1326.* \(comm=[^ ]*\) .* \(syscall=[0-9]*\) .*/# killed: \1 \2/p' | tail -n 3
	fi
done <asked
if [ "$failed" -eq 0 ]; then
	echo "all of them passed"
else
	echo "$failed failed"
fi
echo o >/proc/sysrq-trigger
read -r _ </dev/console
