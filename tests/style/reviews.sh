#!/bin/sh
# The ledger of reviews: `reviews.sh list`, `reviews.sh check`, `reviews.sh mark FILE...`.
# A mark is of contents, under git's name for them: whoever changes a file takes its mark away.
set -eu
ledger=docs/REVIEWS

marks() {
	grep -v '^#' "$ledger" || true
}

contents() {
	git hash-object "$1" 2>/dev/null || echo gone
}

product() {
	git ls-files -co --exclude-standard '*.c' '*.h' '*.lua' | grep -vE '^(tests|docs)/'
}

list() {
	product | while read -r file; do
		mark=$(marks | grep "^$file ") || mark="$file - -"
		echo "$mark $(contents "$file")"
	done | awk '
		{ state = $2 == "-" ? "not read" : $3 == $4 ? "read at " $2 : "changed since " $2; read += $3 == $4 }
		{ printf "%-36s %s\n", $1, state }
		END { printf "%d of %d files are as they were read\n", read, NR }'
}

check() {
	stale=$(marks | while read -r file commit read; do
		[ "$(contents "$file")" = "$read" ] || echo "$file is no longer what was read at $commit"
	done)
	[ -n "$stale" ] || return 0
	echo "$stale" >&2
	echo "read it again and say 'make reviewed FILES=...', or take its line out of $ledger" >&2
	return 1
}

mark() {
	commit=$(git rev-parse --short=12 HEAD)
	for file; do
		[ "$(contents "$file")" = "$(git rev-parse --quiet --verify "HEAD:$file")" ] || {
			echo "$file has changes that are in no commit" >&2
			return 1
		}
		{
			grep -v "^$file " "$ledger"
			echo "$file $commit $(contents "$file")"
		} | LC_ALL=C sort -s -t ' ' -k 1,1 >"$ledger.new"
		mv "$ledger.new" "$ledger"
	done
}

"$@"
