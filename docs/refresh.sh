#!/bin/sh
# Puts the tables printed by heimgate-tables between their marks in the documents:
#   docs/*.md          <!-- table NAME begins -->  ...  <!-- table NAME ends -->
#   docs/man/NAME.*    .\" settings begin          ...  .\" settings end
# `refresh.sh TABLES` writes; `refresh.sh TABLES --check` only tells which documents are stale.
set -eu
tables=$1
mode=${2:---write}
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
stale=0

# fill DOCUMENT TABLE BEGIN END: the document with the table between the two lines, on stdout
fill() {
	"$tables" "$2" >"$scratch/table"
	awk -v begin="$3" -v end="$4" -v table="$scratch/table" '
		$0 == end { inside = 0 }
		!inside { print }
		$0 == begin { inside = 1; while ((getline line < table) > 0) print line }
	' "$1"
}

settle() {
	if cmp -s "$1" "$scratch/new"; then
		return
	fi
	if [ "$mode" = --check ]; then
		echo "$1 is stale: run make docs"
		stale=1
	else
		cat "$scratch/new" >"$1"
		echo "wrote $1"
	fi
}

for document in docs/*.md; do
	# shellcheck disable=SC2013 # a table name is one word
	for name in $(sed -n 's/^<!-- table \(.*\) begins -->$/\1/p' "$document"); do
		fill "$document" "$name" "<!-- table $name begins -->" "<!-- table $name ends -->" >"$scratch/new"
		settle "$document"
	done
done
for document in docs/man/*; do
	if grep -q '^\.\\" settings begin$' "$document"; then
		name=$(basename "$document")
		fill "$document" "${name%.*}" '.\\" settings begin' '.\\" settings end' >"$scratch/new"
		settle "$document"
	fi
done
exit $stale
