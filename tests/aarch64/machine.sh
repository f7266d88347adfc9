#!/bin/sh
# machine.sh ROOT BUILD TEST...: runs the tests, which are paths from here, in an emulated machine, once with each
# kernel in ROOT.  Its memory is its only disk.
set -eu
root=$1
build=$2
shift 2
scratch=$(realpath "$(mktemp -d "${build%/*}/machine-XXXXXX")")
trap 'rm -rf "$scratch"' EXIT

# What the machine needs of the packages, the sources and what was built; the last is where it was here.
fill() {
	mkdir -p "$scratch/files/heimgate"
	(cd "$root" && find . \( -path ./boot -o -path ./var -o -path ./proc -o -path ./debootstrap -o -path ./usr/include \
		-o -path ./usr/share -o -name '*.a' \) -prune -o -print) | copy "$root" .
	git ls-files -co --exclude-standard | copy . heimgate
	find "$build/bin" "$build/tests" | copy . heimgate
	cp tests/aarch64/init.sh "$scratch/files/init"
	printf '%s\n' "$@" >"$scratch/files/heimgate/asked"
	(cd "$scratch/files" && find . | cpio --quiet -o -H newc) >"$scratch/initrd"
}

# copy FROM TO: the files that stdin names
copy() {
	to=$scratch/files/$2
	(cd "$1" && cpio --quiet -pdm "$to")
}

# boot KERNEL: what it does not know on its command line is in the environment of the first process.
boot() {
	nice qemu-system-aarch64 -M virt -cpu max -m 1536 -no-reboot -nodefaults -display none -serial stdio \
		-kernel "$1" -initrd "$scratch/initrd" </dev/null \
		-append "console=ttyAMA0 quiet panic=-1 HEIMGATE_BIN=/heimgate/$build/bin" |
		sed -u -e 's/\r$//' -e '/: Power /d' | tee "$scratch/said"
	grep -q '^all of them passed$' "$scratch/said"
}

fill "$@"
failed=0
for kernel in "$root"/boot/vmlinuz-*; do
	boot "$kernel" || failed=1
done
exit "$failed"
