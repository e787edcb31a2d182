#!/usr/bin/env bash
# What an image weighs: name, bytes.  sizes.sh OUT BUILDROOT_OUTPUT
set -euo pipefail
export LC_ALL=C
out=$1 output=$2

# row NAME FILE
row() {
    local file
    for file in $2; do
        [ ! -e "$file" ] || printf '%-22s %10d\n' "$1" "$(stat -Lc %s "$file")"
    done
}

row 'card image' "$out/dkvm-*.img"
row 'card image, zstd' "$out/dkvm-*.img.zst"
row 'update bundle' "$out/dkvm-*.dkvm"
row 'boot partition' "$out/boot.vfat"
row 'root (squashfs)' "$out/rootfs.squashfs"
row 'Linux' "$output/images/Image"
for program in usr/bin/dkvm usr/bin/dkvm-device bin/busybox usr/sbin/dropbear usr/sbin/wpa_supplicant usr/sbin/dnsmasq usr/sbin/nft; do
    row "$program" "$output/target/$program"
done
printf '%-22s %10d\n' 'modules' "$(du -sb "$output/target/lib/modules" | cut -f1)"
