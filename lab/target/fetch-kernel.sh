#!/bin/sh
# Fetches the target PC's kernel, Debian's stock one, into the cache; nothing is installed.
# Keeps the kernel, uncompressed (it boots a second sooner), and the few modules that a PC under a KVM
# needs.
#   fetch-kernel.sh          fetch unless cached; prints the directory
#   fetch-kernel.sh --where  only print the directory
set -eu
package=linux-image-6.12-amd64
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dkvm
# What a PC needs at once, and what later scenarios ask for (drives, sound, network).
modules="virtio_pci virtio_console xhci-pci ehci-pci usbhid hid-generic evdev bochs
    usb-storage sd_mod sr_mod uas vfat isofs nls_cp437 nls_ascii snd-usb-audio cdc_ncm cdc_ether rndis_host cdc_acm"
# Raise when what is kept changes.
recipe=1

image=$(apt-cache depends "$package" | sed -n 's/.*Depends: \(linux-image-.*-amd64\)$/\1/p')
[ -n "$image" ] || { echo "apt does not know $package: run 'apt-get update', and see that Debian 12's security archive is among its sources." >&2; exit 1; }
version=${image#linux-image-}
where=$cache/target-$version-$recipe
if [ "${1:-}" = --where ] || [ -e "$where/vmlinux" ]; then
    echo "$where"
    exit 0
fi

extract_vmlinux() { # bzImage vmlinux: the payload is an ELF file behind a short boot program
    for kind in "xz:\375\067\172\130\132\000" "zstd -q:\050\265\057\375" "gzip:\037\213\010" "lz4:\002\041\114\030"; do
        offsets=$(LC_ALL=C grep -abo "$(printf '%b' "$(echo "${kind#*:}" | sed 's/\\/\\0/g')")" "$1" 2>/dev/null | cut -d: -f1 | head -n 5 || true)
        for offset in $offsets; do
            # shellcheck disable=SC2086  # the kind is a command with its options
            tail -c "+$((offset + 1))" "$1" | ${kind%%:*} -dc >"$2" 2>/dev/null || true
            [ "$(head -c 4 "$2" | tail -c 3)" = ELF ] && return 0
        done
    done
    return 1
}

work=$cache/target-work.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/download" "$work/out/lib/modules/$version/kernel"
echo "    fetching $image (100 MB, not installed)"
(cd "$work/download" && apt-get -qq download "$image" 2>"$work/apt.log") || { cat "$work/apt.log" >&2; exit 1; }
dpkg-deb -x "$work"/download/*.deb "$work/tree"
depmod -b "$work/tree" "$version"
for module in $modules; do
    modprobe -d "$work/tree" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u | while read -r file; do
    name=$(basename "$file")
    case $name in
    *.ko.xz) xz -dc "$file" >"$work/out/lib/modules/$version/kernel/${name%.xz}" ;;
    *.ko.zst) zstd -dcq "$file" >"$work/out/lib/modules/$version/kernel/${name%.zst}" ;;
    *) cp "$file" "$work/out/lib/modules/$version/kernel/$name" ;;
    esac
done
cp "$work/tree/lib/modules/$version/modules.builtin" "$work/tree/lib/modules/$version/modules.order" "$work/out/lib/modules/$version/"
depmod -b "$work/out" "$version" 2>/dev/null
cp "$work/tree/boot/vmlinuz-$version" "$work/out/vmlinuz"
extract_vmlinux "$work/out/vmlinuz" "$work/out/vmlinux" || { echo "The kernel inside $work/out/vmlinuz could not be unpacked." >&2; exit 1; }
mv "$work/out" "$where"
echo "$where"
