#!/bin/bash
# avx512.sh PROGRAM...: runs test programs on a CPU with AVX-512 (Ice Lake), which
# Bochs emulates: a Linux of Debian's boots from a CD with the programs and their
# libraries. Ends with "N passed, N failed".
#
# AVX512_SECONDS is the time it may take (1200).
# SPDX-License-Identifier: Apache-2.0
set -eu
share=/usr/share
work=build/avx512
boot=$work/boot      # the kernel, kept
root=$work/root      # the files of the machine
cd=$work/cd

# --- the kernel, of which nothing is installed
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
download() {
    kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p')
    [ -n "$kernel" ] &&
        (cd $boot && apt-get download -qq -o APT::Sandbox::User= "$kernel")
}
if [ ! -e $boot/vmlinuz ]; then
    rm -rf $boot
    mkdir -p $boot
    download || { as_root apt-get -qq update && download; }
    dpkg-deb -x $boot/*.deb $boot/unpacked
    mv $boot/unpacked/boot/vmlinuz-* $boot/vmlinuz
    rm -rf $boot/unpacked $boot/*.deb
fi

# --- its files
rm -rf $root $cd
mkdir -p $root $cd
gcc -O1 -static -o $root/init tests/avx512/init.c
for program in "$@"; do
    cp -L --parents "$program" $root
    ldd "$program" | grep -o '/[^ ]*' | xargs cp -L --parents -t $root
    echo "/$program" >>$root/programs
done
(cd $root && find . | cpio --quiet -o -H newc -R 0:0) >$cd/initrd

# --- the CD. clearcpuid: what Bochs 2.7 says of the first three would make Linux
# do without AVX, and with the last one it does not boot. The initcalls and
# cryptomgr.notests are what would take long.
cp $boot/vmlinuz /usr/lib/ISOLINUX/isolinux.bin \
    /usr/lib/syslinux/modules/bios/ldlinux.c32 $cd
cat >$cd/isolinux.cfg <<END
DEFAULT tests
LABEL tests
  KERNEL /vmlinuz
  INITRD /initrd
  APPEND console=tty0 quiet loglevel=2 panic=-1 mitigations=off nosmp \
nokaslr acpi=off clearcpuid=xsaves,xsavec,pku,fsrm cryptomgr.notests \
initcall_blacklist=load_system_certificate_list,trace_eval_init
END
xorriso -as mkisofs -quiet -o $work/cd.iso -b isolinux.bin -c boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table $cd 2>$work/xorriso.log

# --- the machine. Its debugger, which Debian's Bochs has, begins and ends it;
# its screen wants a terminal.
cat >$work/bochsrc <<END
cpu: model=corei7_icelake_u, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=$share/bochs/BIOS-bochs-latest
vgaromimage: file=$share/vgabios/vgabios.bin
display_library: term
ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
plugin_ctrl: speaker=0
END
printf 'continue\nquit\n' >$work/debugger
: >$work/serial
trap 'kill $machine 2>/dev/null || :' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
TERM=xterm timeout -k 5 "${AVX512_SECONDS:-1200}" script -qec \
    "bochs-bin -q -f $work/bochsrc -rc $work/debugger" /dev/null \
    </dev/null >$work/screen 2>&1 &
machine=$!
wait $machine || :
tr -d '\r' <$work/serial

# --- what was found
sum() {
    sed -nE "s/^.*: ([0-9]+) passed, ([0-9]+) failed.*$/\\$1/p" $work/serial |
        awk '{ n += $1 } END { print n + 0 }'
}
ended=$(grep -c ': [0-9]* passed, [0-9]* failed' $work/serial || :)
failed=$(($(sum 2) + $# - ended + $(grep -c '^FAILED /' $work/serial || :)))
if ! tr -d '\r' <$work/serial | grep -qx 'the end'; then
    echo "FAILED: the machine did not come to its end"
    tail -n 5 $work/bochs.log
    failed=$((failed + 1))
fi
echo
echo "$(sum 1) passed, $failed failed"
[ "$failed" = 0 ]
