#!/bin/sh
# hardened.sh PROGRAM [LIBRARY]: what the compiler and the linker can do against
# whoever finds a fault has been done: says what is missing; the exit status is
# the verdict. Of a static program without symbols only LIBRARY, the archive of
# our own objects, tells whether those are checked, and not only the C library.
# For any kind of machine.
# SPDX-License-Identifier: Apache-2.0
set -eu
program=$1
library=${2-}
status=0
headers=$(readelf -hldW "$program")

need() { # WHAT PATTERN
    printf '%s\n' "$headers" | grep -Eq "$2" && return
    echo "$program: $1"
    status=1
}
never() { # WHAT PATTERN
    printf '%s\n' "$headers" | grep -Eq "$2" || return 0
    echo "$program: $1"
    status=1
}
need 'is at a fixed address, expected PIE' 'Type: +DYN'
need 'is not marked as PIE' 'FLAGS_1.* PIE'
need 'has no RELRO' 'GNU_RELRO'
need 'binds symbols late, expected BIND_NOW' 'BIND_NOW|FLAGS_1.* NOW'
need 'has no GNU_STACK' 'GNU_STACK'
never 'has an executable stack' 'GNU_STACK.* RWE '
never 'has memory that is writable and executable' 'LOAD.* RWE '
never 'has text relocations' 'TEXTREL'

# Of 100 objects some have no array on the stack, and nothing to fortify.
if [ -n "$library" ]; then
    for symbol in __stack_chk_fail '__[a-z]*_chk'; do
        count=$(readelf -sW "$library" | grep -Ec " UND $symbol\$" || true)
        [ "$count" -ge 10 ] && continue
        echo "$library: $count objects call $symbol, expected 10 or more"
        status=1
    done
fi
exit $status
