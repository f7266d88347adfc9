#!/bin/sh
# PostgreSQL as its image starts it: an empty PGDATA becomes a cluster with a user, a password and a database, and the
# files of /docker-entrypoint-initdb.d have run before anybody can connect over the network.
set -eu

[ "${1#-}" = "$1" ] || set -- postgres "$@"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
	POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
fi

as_postgres() {
	mkdir -p "$PGDATA"
	chown -R postgres "$PGDATA" /var/run/postgresql
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
}

statements() {
	psql --no-psqlrc --no-password -v ON_ERROR_STOP=1 -U "$user" "$@"
}

init_files() {
	for file in /docker-entrypoint-initdb.d/*; do
		case "$file" in
		*.sh) # shellcheck disable=SC1090 # whatever is mounted there
			if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
		*.sql) statements -d "$database" -f "$file" ;;
		esac
	done
}

make_cluster() {
	: "${POSTGRES_PASSWORD:?a password must be given}"
	passwords=$(mktemp)
	printf '%s\n' "$POSTGRES_PASSWORD" >"$passwords"
	# shellcheck disable=SC2086 # a list of words
	initdb -U "$user" --pwfile="$passwords" ${POSTGRES_INITDB_ARGS:-}
	rm "$passwords"
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
	pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
	[ "$database" = postgres ] || statements -d postgres -v name="$database" <<-'SQL'
		CREATE DATABASE :"name";
	SQL
	export POSTGRES_USER="$user" POSTGRES_DB="$database" POSTGRES_PASSWORD
	init_files
	pg_ctl -D "$PGDATA" -m fast -w stop
}

if [ "$1" = postgres ]; then
	[ "$(id -u)" != 0 ] || as_postgres "$@"
	umask 0077
	mkdir -p "$PGDATA"
	if ! [ -s "$PGDATA/PG_VERSION" ]; then
		make_cluster
	fi
fi
unset POSTGRES_PASSWORD
exec "$@"
