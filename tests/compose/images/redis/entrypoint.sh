#!/bin/sh
# Redis as its image starts it: options or a file alone are for redis-server, and root becomes redis.
set -eu

case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . ! -user redis -exec chown redis {} +
	exec setpriv --reuid=redis --regid=redis --init-groups "$@"
fi
exec "$@"
