#!/bin/sh
# boot.sh DIRECTORY: systemd as PID 1 of a machine of its own.  Its files are this machine's with those of
# DIRECTORY/installed over them, and what it changes is forgotten with it.  Its processes, network and control groups
# are apart; it is to be started in new namespaces, and without the capabilities that reach beyond them.
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$1/machine"
cd "$1/machine"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
cd root
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=0755 tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/pts dev/shm
ln -s pts/ptmx dev/ptmx
for device in null zero full random urandom tty; do
	: >dev/$device
	mount --bind /dev/$device dev/$device
done
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
# What this machine starts at boot is none of that one's business.
rm -rf etc/systemd/system
cp -a "$1/installed/." .
mkdir before
ip link set lo up
pivot_root . before
umount -l /before
exec env -i container=heimgate-test PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --unit=basic.target --log-level=warning --show-status=no
