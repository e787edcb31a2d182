#!/usr/bin/env bash
# Buildroot runs this at the end: gathers the boot files and lays out the card.  post-image.sh BINARIES_DIR BOARD
# From board/image.sh: DKVM_CONSOLE ("serial" or empty).
set -euo pipefail
binaries=$1 board=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
boot=$binaries/boot

# A console tells all that Linux says, to whoever holds the wires; nobody logs in on it.
serial_console() {
    local console=serial0,115200
    [ "$board" != qemu ] || console=ttyAMA0
    sed -i "s/ quiet loglevel=[0-9]*//; s/\$/ console=$console/" "$boot"/cmdline-?.txt
    [ "$board" = qemu ] || printf '\n# CONSOLE=serial\nenable_uart=1\n' >>"$boot/config.txt"
}

rm -rf "$boot"
mkdir -p "$boot"
cp "$binaries/Image" "$binaries"/*.dtb "$boot/"
if [ -d "$binaries/rpi-firmware" ]; then cp -R "$binaries/rpi-firmware/." "$boot/"; fi
for overlay in "$binaries"/*.dtbo; do
    [ -e "$overlay" ] || continue
    mkdir -p "$boot/overlays"
    cp "$overlay" "$boot/overlays/"
done
cp "$here/$board"/config.txt "$here/$board"/cmdline-?.txt "$boot/"
rm -f "$boot/cmdline.txt"
if [ "${DKVM_CONSOLE:-}" = serial ]; then serial_console; fi
"$here/card.sh" --board "$board" --boot "$boot" --root "$binaries/rootfs.squashfs" --out "$binaries/card.img"
