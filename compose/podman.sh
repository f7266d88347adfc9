#!/bin/sh
# podman, as podman-compose 1.0.3 has to be given it: that names an empty network, and an alias in it, for a service
# that is to have none (`--net "" --network-alias NAME`), which podman refuses.
set -eu

skip=0
for argument; do
	shift
	if [ "$argument" = --net ] && [ -z "${1-}" ]; then
		skip=4
	fi
	if [ "$skip" -gt 0 ]; then
		skip=$((skip - 1))
	else
		set -- "$@" "$argument"
	fi
done
exec podman "$@"
