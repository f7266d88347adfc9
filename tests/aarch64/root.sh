#!/bin/sh
# root.sh DIRECTORY: packages of Debian's for aarch64, unpacked and not set up: what programs are linked with, and what
# the emulated machine runs.  Of kernels there are two: that of the release, and the newest made for it.
set -eu
root=$1
libraries="libc6-dev libnng-dev libsodium-dev libjansson-dev libsqlite3-dev libseccomp-dev libpq-dev libhiredis-dev
	libcurl4-openssl-dev libasan8 libubsan1"
programs="linux-image-arm64 iproute2 procps python3 curl ca-certificates"

echo "  root  $root"
rm -rf "$root"
mkdir -p "$root"
# shellcheck disable=SC2086 # lists of words
debootstrap --foreign --arch=arm64 --variant=minbase --extra-suites=bookworm-backports \
	--include="$(echo $libraries $programs | tr ' ' ,)" bookworm "$root" >"$root.log" 2>&1 || {
	tail -n 5 "$root.log" >&2
	exit 111
}
for package in "$root"/var/cache/apt/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -C "$root" -x --keep-directory-symlink \
		--exclude='./lib/modules/*' --exclude='./usr/lib/linux-image-*'
done
rm -rf "$root/var/cache/apt/archives"

# What the scripts of these packages would have made.
cd "$root"
for name in passwd group; do
	cp "usr/share/base-passwd/$name.master" "etc/$name"
done
cp usr/share/libc-bin/nsswitch.conf etc
echo '127.0.0.1 localhost' >etc/hosts
mkdir -p etc/ssl/certs
cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
