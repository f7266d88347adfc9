#!/bin/sh
# Lays out the file system of the image: `rootfs.sh PROGRAMS TARGET` takes every program in PROGRAMS, with the libraries
# it needs, and makes the directories and users that the daemons expect.  As root, in the image's build stage.
set -eu

programs=$1
root=$2
umask 022

# Numbers no distribution hands out, as in state.c: the bit of a role in the table of links says which.
first_user=64200
roles="edge authd limiterd proxyd auditd tool door"

user_of() {
	number=$first_user
	for role in $roles; do
		[ "$role" != "$1" ] || break
		number=$((number + 1))
	done
	echo "$number"
}

# Rows "DIALER LISTENER DIRECTORY" of the one table of links.
links() {
	sed -n 's/^\tX([A-Z_]*, \([A-Z]*\), \([A-Z]*\), "\([a-z-]*\)", .*/\1 \2 \3/p' proto/wire/proto.h |
		tr '[:upper:]' '[:lower:]'
}

directory() { # MODE OWNER GROUP PATH
	mkdir -p "$root$4"
	chown "$2:$3" "$root$4"
	chmod "$1" "$root$4"
}

mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc/ssl/certs"
ln -s usr/lib usr/lib64 "$root/"
for program in "$programs"/*; do
	strip --strip-all -o "$root/usr/bin/${program##*/}" "$program"
done

# Both the loader and the libraries, under the names they are asked for.
ldd "$programs"/* | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u | while read -r library; do
	mkdir -p "$root${library%/*}"
	cp -L "$library" "$root$library"
done

cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
for role in $roles; do
	number=$(user_of "$role")
	echo "heimgate-$role:x:$number:$number::/:/sbin/nologin" >>"$root/etc/passwd"
	echo "heimgate-$role:x:$number:" >>"$root/etc/group"
done

# A new volume takes owner and mode from what it is mounted on.  A link belongs to its listener, and the socket made
# inside to the group of its dialer.
directory 0755 0 0 /run/heimgate
links | while read -r dialer listener link; do
	directory 02750 "$(user_of "$listener")" "$(user_of "$dialer")" "/run/heimgate/$link"
done
directory 02750 "$(user_of door)" "$(user_of edge)" /run/heimgate/door
for owner in authd auditd; do
	directory 0700 "$(user_of $owner)" "$(user_of $owner)" "/var/lib/heimgate/$owner"
done
directory 0755 0 0 /run/secrets
ln -s /run/secrets "$root/var/lib/heimgate/secrets"
