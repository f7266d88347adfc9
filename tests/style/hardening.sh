#!/bin/sh
# Shows how each program that was built is hardened, and fails when one lacks what all must have: `hardening.sh PROGRAMS`.
# pie: placed anywhere in memory.  relro, now: tables of functions are read-only once it runs.  canary: overwritten
# stacks are noticed.  fortify: so are overflows in calls whose bounds the compiler knows.  nx: no stack runs as code.
# path: no directory of its own for libraries.  signed: return addresses are, which only processors of ARM's can.
# OBJDUMP is the objdump that knows the programs' processor.
set -eu
lacking=0

# judge NAME PATTERN: one column, whether it is so among the facts
judge() {
	if echo "$facts" | grep -qE "$2"; then
		printf ' %-8s' yes
	else
		printf ' %-8s' NO
		echo "$program lacks $1" >&2
		lacking=1
	fi
}

printf '%-26s %-8s %-8s %-8s %-8s %-8s %-8s %-8s %-8s\n' program pie relro now canary fortify nx path signed
for program; do
	facts=$(readelf -hldW "$program" && nm -D "$program")
	echo "$facts" | grep -qE '\((RPATH|RUNPATH)\)' || facts="$facts
no path"
	printf '%-26s' "$(basename "$program")"
	judge pie 'Type:.*DYN'
	judge relro GNU_RELRO
	judge now BIND_NOW
	judge canary __stack_chk_fail
	judge fortify '_chk@'
	judge nx 'GNU_STACK.* RW '
	judge path '^no path$'
	if echo "$facts" | grep -q 'Machine:.*AArch64'; then
		facts=$("${OBJDUMP:-objdump}" -d "$program")
		judge signed paciasp
	else
		printf ' %-8s' -
	fi
	echo
done
exit "$lacking"
