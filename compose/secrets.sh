#!/bin/sh
# Makes what is missing of a stack's secrets and hands each service a copy of its own:
# `secrets.sh PROJECT DIRECTORY IMAGE`.
#
# The files in DIRECTORY are the originals, readable by you alone; none that is there is ever written.  The copies are
# in volumes, one per service, so that they belong to the service's user wherever podman runs, in a virtual machine too.
# WITH names the overlays in use, some of which have secrets as well.
set -eu
umask 077

project=$1
directory=$2
image=$3

mkdir -p "$directory/upstream"
cd "$directory"
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT

make_key() {
	[ -e "$1" ] || { head -c 32 /dev/urandom >"$draft/new" && mv "$draft/new" "$1"; }
}

make_password() {
	[ -e "$1" ] || { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$draft/new" && mv "$draft/new" "$1"; }
}

# `hand SERVICE USER FILE[=NAME]...`: what is copied into a container belongs to the container's user.
hand() {
	volume=$project-$1-secrets
	user=$2
	shift 2
	mkdir "$draft/copy"
	for file; do
		cp "${file%=*}" "$draft/copy/${file#*=}"
	done
	podman volume exists "$volume" || podman volume create "$volume" >/dev/null
	container=$(podman create --network none --user "$user" -v "$volume:/run/secrets" "$image" heimgate)
	podman cp "$draft/copy/." "$container:/run/secrets"
	podman rm "$container" >/dev/null
	rm -r "$draft/copy"
}

make_key grant.key
make_key lease.key
for name in postgres authd auditd redis; do
	make_password "$name.password"
done
{
	# Nobody can be the default user, but Redis itself, which reads its own file with that user's rights.
	echo 'user default off ~* &* +@all'
	echo 'user health on nopass -@all +ping'
	echo "user heimgate on >$(cat redis.password) ~* -@all +@read +@write +@scripting +@connection +time -@dangerous +info"
} >"$draft/users.acl"

upstream=""
for file in upstream/*; do
	[ ! -f "$file" ] || upstream="$upstream $file=${file##*/}"
done

hand authd 64201:64201 grant.key=grant.key authd.password=postgres
hand limiterd 64202:64202 grant.key=grant.key lease.key=lease.key redis.password=redis
# shellcheck disable=SC2086 # a list of words
hand proxyd 64203:64203 lease.key=lease.key $upstream
hand auditd 64204:64204 auditd.password=postgres
hand postgres 999:999 postgres.password=superuser authd.password=authd auditd.password=auditd
hand redis 999:999 "$draft/users.acl=users.acl"

for overlay in ${WITH:-}; do
	case $overlay in
	tunnel)
		[ -e tunnel.token ] || { echo "Please put the tunnel's token into $PWD/tunnel.token" >&2 && exit 111; }
		hand tunnel 65532:65532 tunnel.token=tunnel
		;;
	vector)
		make_password qdrant.password
		printf 'service:\n  api_key: %s\n' "$(cat qdrant.password)" >"$draft/qdrant.yaml"
		hand qdrant 64207:64207 "$draft/qdrant.yaml=qdrant.yaml"
		;;
	esac
done
