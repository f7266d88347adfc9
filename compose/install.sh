#!/bin/sh
# Puts files below DESTDIR and takes them away again; each is named MODE:SOURCE:TARGET.
#   install.sh put FILE ...       install them
#   install.sh offer FILE ...     install those that are not there yet
#   install.sh remove FILE ...    remove them
#   install.sh withdraw FILE ...  remove those that are as they were installed
#   install.sh remove-empty DIRECTORY ...
set -eu
umask 022
action=$1
shift

# The source, saying the directories that were chosen instead of the usual ones.
rendered() {
	case "$1" in
	compose/systemd/*) sed -e "s|/usr/local/libexec/heimgate|$LIBEXECDIR|g" -e "s|/etc/heimgate|$CONFDIR|g" "$1" ;;
	*) cat "$1" ;;
	esac
}

# By way of another name, because a program that is running cannot be written.
put() {
	mkdir -p "$(dirname "$3")"
	rendered "$2" >"$3.new"
	chmod "$1" "$3.new"
	mv -f "$3.new" "$3"
}

remove_empty() {
	if [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; then
		rmdir "$1"
	fi
}

withdraw() {
	if [ -e "$2" ] && rendered "$1" | cmp -s - "$2"; then
		rm -f "$2"
	fi
}

for file in "$@"; do
	mode=${file%%:*}
	target=$DESTDIR${file##*:}
	source=${file#*:}
	source=${source%:*}
	case "$action" in
	put) put "$mode" "$source" "$target" ;;
	offer) [ -e "$target" ] || put "$mode" "$source" "$target" ;;
	remove) rm -f "$target" ;;
	withdraw) withdraw "$source" "$target" ;;
	remove-empty) remove_empty "$target" ;;
	esac
done
