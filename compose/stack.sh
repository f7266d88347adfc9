#!/bin/sh
# One of the two Compose stacks: `stack.sh prod|dev secrets|up|down|logs|ps`; the make targets call it.
#
# IMAGE names another image than the stack's own; WITH names overlays, such as "tls tunnel"; COMPOSE another reader of
# Compose files than podman-compose, such as "podman compose".
set -eu
cd "$(dirname "$0")"

case "$1" in
prod) project=heimgate port=8000 file=compose.yaml env=.env models=models.json up="make up" ;;
dev) project=heimgate-dev port=8010 file=compose.dev.yaml env=.env.dev models=models.dev.json up="make dev-up" ;;
*)
	echo "usage: stack.sh prod|dev secrets|up|down|logs|ps" >&2
	exit 100
	;;
esac
stack=$1
[ -n "${IMAGE:-}" ] || unset IMAGE
url=http://127.0.0.1:$port

compose() {
	# podman-compose 1.0.3 knows no pids_limit: this is for whatever it starts, and what a service says goes before it.
	[ "${COMPOSE:-podman-compose}" != podman-compose ] || set -- --podman-run-args=--pids-limit=128 "$@"
	overlays=""
	for overlay in ${WITH:-}; do
		overlays="$overlays -f $overlay.yaml"
	done
	# shellcheck disable=SC2086 # lists of words
	${COMPOSE:-podman-compose} -p $project -f $file $overlays "$@"
}

# What people edit is theirs: made once, from the example.
offer() {
	[ -e "$2" ] || cp "$1" "$2"
}

image_of_stack() {
	# shellcheck disable=SC2016 # it is the file's text
	sed -n 's/^  image: ${IMAGE:-\(.*\)}$/\1/p' $file
}

make_secrets() {
	./secrets.sh $project "secrets/$stack" "${IMAGE:-$(image_of_stack)}"
}

is_ready() {
	curl --silent --fail --max-time 2 --output /dev/null "$url/ready"
}

wait_ready() {
	for _ in $(seq 120); do
		! is_ready || return 0
		sleep 0.5
	done
	echo "heimgate does not become ready.  Last it said:" >&2
	curl --silent --show-error --max-time 2 "$url/ready" >&2 || true
	echo "Try: make logs STACK=$stack" >&2
	return 1
}

up() {
	offer .env.example $env
	offer models.example.json $models
	make_secrets
	compose up -d --force-recreate
	wait_ready
	cat <<-EOT

		heimgate is ready on $url
		  settings: compose/$env, models: compose/$models; \`$up\` again when you changed them

		A first key, shown once:

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
	echo "The originals are in compose/secrets/$stack.  Credentials of model servers go into its directory upstream;"
	echo "in models.json their api_key_file is /run/secrets/NAME.  \`$up\` hands them over."
	;;
up) up ;;
down)
	compose down -t 10
	echo "Stopped.  Keys, history and counters are kept in volumes; \`$up\` starts it again."
	;;
logs) compose logs ;;
ps) compose ps ;;
*) exec "$0" help ;;
esac
