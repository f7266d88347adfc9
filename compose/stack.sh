#!/bin/sh
# One of the two Compose stacks: `stack.sh prod|dev secrets|up|down|logs|ps|backup|restore`; the make targets call it.
#
# IMAGE is the image of the suite; WITH names overlays, such as "tls tunnel"; COMPOSE another reader of Compose files
# than podman-compose, such as "podman compose".
set -eu

usage() {
	echo "usage: stack.sh prod|dev secrets|up|down|logs|ps|backup|restore" >&2
	exit 100
}

cd "$(dirname "$0")"
stack=${1:-}
case "$stack" in
prod) project=heimgate port=8000 file=compose.yaml env=.env up="make up" ;;
dev) project=heimgate-dev port=8010 file=compose.dev.yaml env=.env.dev up="make dev-up" ;;
*) usage ;;
esac
models=models/$stack/models.json
url=http://127.0.0.1:$port
export IMAGE="${IMAGE:?names the image}"

containers() {
	podman ps "$@" --filter "label=com.docker.compose.project=$project"
}

compose() {
	# podman-compose 1.0.3 knows no pids_limit: this is for whatever it starts, and what a service says goes before it.
	[ "${COMPOSE:-podman-compose}" != podman-compose ] ||
		set -- --podman-path ./podman.sh --podman-run-args=--pids-limit=128 "$@"
	for overlay in ${WITH:-}; do
		set -- -f "$overlay.yaml" "$@"
	done
	${COMPOSE:-podman-compose} -p $project -f $file "$@"
}

# It knows no driver_opts either, and takes networks that are there as they are.
isolate_networks() {
	[ "${COMPOSE:-podman-compose}" = podman-compose ] || return 0
	for network in $project-front $project-upstreams; do
		podman network exists "$network" || podman network create --opt isolate=true "$network"
	done
}

bring_up() {
	isolate_networks
	compose up -d --force-recreate "$@"
}

# Readers of Compose files talk a lot, and not all of them fail when something failed.
talk=$(mktemp)
trap 'rm -f "$talk"' EXIT
quietly() {
	"$@" >"$talk" 2>&1 || { cat "$talk" >&2 && return 1; }
}

# What people edit is theirs: made once, from the example.
offer() {
	mkdir -p "$(dirname "$2")"
	[ -e "$2" ] || cp "$1" "$2"
}
offer .env.example $env
offer models.example.json "$models"
chmod -R go+rX models postgres Caddyfile # read by users in containers, whatever the umask here

make_secrets() {
	./secrets.sh $project "secrets/$stack" "$IMAGE"
}

wait_ready() {
	for _ in $(seq 60); do
		! curl --silent --fail --max-time 1 --output /dev/null "$url/ready" || return 0
		sleep 1
	done
	cat "$talk" >&2
	printf '\nheimgate does not become ready.  Last it said:\n' >&2
	curl --silent --show-error --max-time 2 "$url/ready" >&2 || true
	printf '\nMore says: make logs STACK=%s\n' "$stack" >&2
	return 1
}

start() {
	make_secrets
	quietly bring_up
	wait_ready
}

print_next() {
	cat <<-EOT

		heimgate is ready on $url
		  settings: compose/$env; \`$up\` takes in what you changed
		  models:   compose/$models; without a stop so does
		            podman kill --signal HUP $project-limiterd $project-proxyd

		Make a first key; it is shown once:

		  podman exec $project-authd heimgate key create --name first

		Try it:

		  curl $url/v1/chat/completions \\
		    -H 'Authorization: Bearer sk-hg-...' \\
		    -H 'Content-Type: application/json' \\
		    -d '{"model": "llama3.2", "messages": [{"role": "user", "content": "Say hello"}]}'
	EOT
}

case "${2:-}" in
secrets)
	make_secrets
	echo "The originals are in compose/secrets/$stack; keep a copy where only you can read it.  A model server's"
	echo "credential goes into its directory upstream, and is /run/secrets/NAME in models.json.  \`$up\` hands them over."
	;;
up)
	echo "Starting PostgreSQL, Redis and the five daemons ..."
	start
	print_next
	;;
down)
	WITH="tls tunnel vector ${WITH:-}"
	quietly compose down -t 10
	echo "Stopped.  Keys, history and counters are kept; \`$up\` starts it again."
	;;
logs)
	for container in $(containers --all --format '{{.Names}}'); do
		podman logs "$container" 2>&1 | sed "s/^/${container#"$project-"}: /"
	done
	;;
ps) containers --all ;;
backup | restore)
	# shellcheck source=compose/backup.sh
	. ./backup.sh
	"$2"
	;;
*) usage ;;
esac
