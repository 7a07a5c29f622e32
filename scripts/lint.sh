#!/bin/sh
# lint.sh COMPILER_FLAG...: the flags are those that find the headers.
# SPDX-License-Identifier: Apache-2.0
set -u
passed=0
failed=0
verdict() {
    if [ "$1" = 0 ]; then passed=$((passed + 1))
    else failed=$((failed + 1)); echo "FAILED $2"; fi
}
all=$(find include src serve bench tests -name '*.[ch]' | LC_ALL=C sort)
# The intrinsics of another machine are not known here.
if [ "$(uname -m)" = aarch64 ]; then other="avx*"; else other=neon; fi
sources=$(find src serve bench tests -name '*.c' ! -name "*_$other.c" |
    LC_ALL=C sort)

scripts/layers.sh
verdict $? layers
clang-format --dry-run -Werror $all
verdict $? "clang-format (make format mends it)"

# Left out, because what they find here is not a fault: bytes compared and
# copied on purpose, types as arguments of macros, pointers counted by sizeof.
# gcc's -Wconversion stands for the two about widths.
checks='-*,bugprone-*,-bugprone-easily-swappable-parameters'
checks="$checks,-bugprone-reserved-identifier,-bugprone-narrowing-conversions"
checks="$checks,-bugprone-implicit-widening-of-multiplication-result"
checks="$checks,-bugprone-not-null-terminated-result"
checks="$checks,-bugprone-sizeof-expression,-bugprone-macro-parentheses"
checks="$checks,-bugprone-suspicious-memory-comparison"
checks="$checks,readability-function-size,misc-redundant-expression"
checks="$checks,performance-*"
export checks
printf '%s\n' $sources | xargs -P "$(nproc)" -n 4 sh -c '
    flags=$0
    clang-tidy --quiet --warnings-as-errors="*" --checks="$checks" --config="{
        CheckOptions: [
            {key: readability-function-size.LineThreshold, value: 60},
            {key: readability-function-size.StatementThreshold, value: 1000},
            {key: readability-function-size.BranchThreshold, value: 1000}
        ]}" "$@" -- -std=c11 -D_GNU_SOURCE $flags 2>/dev/null' "$*"
verdict $? clang-tidy

# memleak does not see a pointer go into a compound literal (make sanitize
# finds leaks); arrayIndexOutOfBoundsCond does not see both ends of a range.
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -j "$(nproc)" \
    --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --suppress=memleak \
    --suppress=autoVariables --suppress=arrayIndexOutOfBoundsCond \
    -D_GNU_SOURCE -U__SANITIZE_ADDRESS__ -Iinclude -Isrc -I. \
    src serve bench tests
verdict $? cppcheck

echo "$passed passed, $failed failed"
[ $failed = 0 ]
