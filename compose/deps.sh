#!/bin/sh
# Installs what is missing to build and run (`deps.sh run`), to test, lint and measure as well (`deps.sh test`), for
# `make soak` (`deps.sh soak`), to fuzz and see what that reaches (`deps.sh fuzz`), or for `make test-aarch64` (`deps.sh
# aarch64`).
# Each need is a command or a file, and the Debian package that has it.
set -eu

run_needs="cc:gcc make:make /usr/include/nng/nng.h:libnng-dev /usr/include/sodium.h:libsodium-dev
	/usr/include/jansson.h:libjansson-dev /usr/include/sqlite3.h:libsqlite3-dev
	/usr/include/seccomp.h:libseccomp-dev /usr/include/postgresql/libpq-fe.h:libpq-dev /usr/include/hiredis/async.h:libhiredis-dev
	/usr/include/*/curl/curl.h:libcurl4-openssl-dev curl:curl /etc/ssl/certs/ca-certificates.crt:ca-certificates"
fuzz_needs="clang:clang /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a:libclang-rt-14-dev"
test_needs="$run_needs $fuzz_needs prove:perl python3:python3 node:nodejs npm:npm
	clang-format:clang-format clang-tidy:clang-tidy cppcheck:cppcheck shellcheck:shellcheck mandoc:mandoc openssl:openssl
	nginx:nginx-light wrk:wrk /usr/lib/postgresql/*/bin/postgres:postgresql redis-server:redis-server
	systemd-analyze:systemd ip:iproute2 nft:nftables caddy:caddy valgrind:valgrind
	podman:podman podman-compose:podman-compose runc:runc iptables:iptables debootstrap:debootstrap
	/usr/lib/podman/netavark:netavark /usr/lib/podman/aardvark-dns:aardvark-dns
	/usr/libexec/podman/catatonit:catatonit"

aarch64_needs="make:make git:git aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-system-aarch64:qemu-system-arm
	debootstrap:debootstrap /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring cpio:cpio"

case "${1:-}" in
run) needs=$run_needs ;;
test) needs=$test_needs ;;
soak) needs="$test_needs slowhttptest:slowhttptest" ;;
fuzz) needs="$run_needs $fuzz_needs llvm-cov:llvm llvm-profdata:llvm" ;;
aarch64) needs=$aarch64_needs ;;
*)
	echo "usage: deps.sh run|test|soak|fuzz|aarch64" >&2
	exit 100
	;;
esac

there() {
	case "$1" in
	/*) # shellcheck disable=SC2086 # the pattern is meant to expand
		ls $1 >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] ;;
	esac
}

missing=""
set -f
for need in $needs; do
	set +f
	there "${need%%:*}" || missing="$missing ${need##*:}"
	set -f
done
set +f
case $1 in
test | soak) python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv" ;;
esac
[ -n "$missing" ] || exit 0

echo "heimgate needs these packages of the distribution:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
	echo "There is no apt-get here: please install them with this system's package manager." >&2
	exit 111
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
	as_root="sudo"
	echo "Installing them needs root; sudo may ask for your password."
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
