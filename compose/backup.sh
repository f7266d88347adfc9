# Backup and restore of a stack, for stack.sh.
#
# Kept are the database and auditd's journal.  The database goes first: what the journal has beyond it is caught up
# with.  Counters are not kept: budgets are summed up anew from history where Redis knows nothing.
# shellcheck shell=sh

: "${stack:?}" "${project:?}" "${env:?}" "${models:?}" # stack.sh's

sums() { # of Debian, and of a Mac
	if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

in_database() {
	podman exec -i "$project-postgres" "$@"
}

backup() {
	umask 077
	place=../var/backup/$project-$(date -u +%Y%m%d-%H%M%S)
	mkdir -p "$place"
	in_database pg_dump --username=postgres --format=custom --schema=heimgate_auth --schema=heimgate_audit heimgate \
		>"$place/database.dump"
	podman cp "$project-auditd:/var/lib/heimgate/auditd/." - >"$place/journal.tar"
	(cd "$place" && sums database.dump journal.tar >SHA256SUMS)
	cat <<-EOT
		Keys and history are in ${place#../}.
		Not in it, and needed on another machine: compose/secrets/$stack/upstream, compose/$env, compose/$models.
		To bring it back: make restore STACK=$stack BACKUP=${place#../} CONFIRM=yes
	EOT
}

restore() {
	place=$(cd .. && cd "${BACKUP:?says which backup}" && pwd)
	if [ "${CONFIRM:-}" != yes ]; then
		echo "This puts back all keys and all history of $project as they are in $BACKUP." >&2
		echo "Keys made since are gone, keys revoked since are good again.  To do it, say CONFIRM=yes." >&2
		exit 100
	fi
	(cd "$place" && sums --check --quiet SHA256SUMS)
	quietly compose down -t 10
	make_secrets
	restore_journal
	quietly bring_up postgres
	restore_database
	start
	podman exec "$project-auditd" heimgate audit verify /var/lib/heimgate/auditd/journal
	echo "$project is as it was when the backup was made."
}

restore_journal() {
	podman volume rm --force "$project-auditd" >/dev/null
	# Run once, so that the volume has its owner before there is anything in it.
	podman run --name "$project-restore" --network none --user 64204:64204 \
		-v "$project-auditd:/var/lib/heimgate/auditd" "$IMAGE" heimgate --version >/dev/null
	podman cp - "$project-restore:/var/lib/heimgate/auditd" <"$place/journal.tar"
	podman rm "$project-restore" >/dev/null
}

restore_database() {
	for _ in $(seq 120); do
		! in_database pg_isready --quiet --host=127.0.0.1 2>/dev/null || break
		sleep 0.5
	done
	in_database psql --quiet --no-psqlrc --username=postgres --dbname=heimgate \
		--command='SET client_min_messages = warning; DROP SCHEMA IF EXISTS heimgate_auth, heimgate_audit CASCADE'
	in_database pg_restore --username=postgres --dbname=heimgate --single-transaction <"$place/database.dump"
}
