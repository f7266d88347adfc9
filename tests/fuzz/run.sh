#!/bin/sh
# usage: run.sh BUILD SECONDS NAME...
# Runs fuzzers one after the other, then says as a table how that went.  Fails when one of them found something or did
# not run.
set -u
build=$1 seconds=$2
shift 2
mkdir -p "$build/crash" "$build/log"

fuzz() {
	name=$1
	echo "== $name"
	mkdir -p "$build/found/$name"
	set -- "$build/found/$name" "tests/fuzz/corpus/$name"
	[ ! -d "tests/fuzz/regression/$name" ] || set -- "$@" "tests/fuzz/regression/$name"
	[ ! -f "tests/fuzz/tokens/$name" ] || set -- "$@" -dict="tests/fuzz/tokens/$name"
	"$build/fuzz/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/crash/$name-" "$@" 2>&1 | tee "$build/log/$name"
}

# What libFuzzer has said, as a row.
row() {
	awk -v name="$1" -v format="$2" '
		/ cov: [0-9]+ ft: / { for (i = 1; i < NF; i++) said[$i] = $(i + 1) }
		/^Done [0-9]+ runs in / { seconds = $5 }
		/^stat::/ { said[$1] = $2 }
		/Test unit written to / { crashes++ }
		END {
			printf format, name, seconds == "" ? "-" : seconds, said["stat::number_of_executed_units:"],
				said["stat::average_exec_per_sec:"], said["ft:"], said["cov:"], said["corp:"], crashes + 0
			exit seconds == "" || crashes > 0
		}' "$build/log/$1"
}

for name; do
	fuzz "$name"
done
format='%-12s %8s %12s %8s %9s %7s %13s %8s\n'
# shellcheck disable=SC2059 # the head has the rows' format
printf "\n$format" target seconds executions per-s features edges inputs/bytes crashes
failed=0
for name; do
	row "$name" "$format" || failed=1
done
exit $failed
