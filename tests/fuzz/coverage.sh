#!/bin/sh
# usage: coverage.sh BUILD FOUND NAME...
# Runs fuzzers of a build for coverage once over each input there is: corpus, regression, and FOUND/NAME.  Says as a
# table which lines and branches of the product's sources that reaches.
set -eu
build=$1 found=$2
shift 2
mkdir -p "$build/profile"

# The tools of the compiler's own version stand beside it.
tools=$(dirname "$(readlink -f "$(command -v clang)")")

reach() {
	name=$1
	set -- "tests/fuzz/corpus/$name"
	for folder in "tests/fuzz/regression/$name" "$found/$name"; do
		[ ! -d "$folder" ] || set -- "$@" "$folder"
	done
	LLVM_PROFILE_FILE="$build/profile/$name.raw" "$build/fuzz/$name" -runs=0 "$@" >"$build/profile/$name.log" 2>&1 ||
		{ cat "$build/profile/$name.log" >&2; exit 1; }
	"$tools/llvm-profdata" merge -o "$build/profile/$name" "$build/profile/$name.raw"
}

# One row for all sources of a target, and one for each; those that are only linked, for a function that no input needs,
# and headers are left out.
rows() {
	"$tools/llvm-cov" export -format=lcov -summary-only -ignore-filename-regex='/tests/|/log\.c$' \
		-instr-profile="$build/profile/$1" "$build/fuzz/$1" |
		awk -F: -v name="$1" -v here="$PWD/" '
			BEGIN { sums["LF"]; sums["LH"]; sums["BRF"]; sums["BRH"] }
			function share(hit, all) { return all > 0 ? sprintf("%.1f%%", 100 * hit / all) : "-" }
			function row(label, file) {
				return sprintf("%-12s %7s %9s  %s\n", label, share(n[file, "LH"], n[file, "LF"]),
					share(n[file, "BRH"], n[file, "BRF"]), file)
			}
			$1 == "SF" { file = substr($2, length(here) + 1) }
			NF == 2 && $1 != "SF" { n[file, $1] = $2 }
			/end_of_record/ && file ~ /\.c$/ && n[file, "LH"] > 0 {
				files = files row("", file)
				for (i in sums) n["all", i] += n[file, i]
			}
			END { printf "%s%s", row(name, "all"), files }'
}

for name; do
	reach "$name"
done
printf '%-12s %7s %9s  %s\n' target lines branches source
for name; do
	rows "$name"
done
