#!/usr/bin/env bash
# Gathers what the aarch64 Pi in QEMU is made of, into the cache, once per machine and per set of inputs: Debian's stock
# arm64 kernel and the modules that the lab loads, of which dummy_hcd and vivid are built here with the lab's patches,
# BusyBox and the shared libraries. Nothing is installed. Prints the cache directory on the last line.
#   build-pi.sh          build unless cached
#   build-pi.sh --where  only print where it is or would be
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
# shellcheck source=lab/kernel/once.sh
. "$here/../kernel/once.sh"
patches=("$here/../kernel/patches/dummy_hcd.patch" "$here/../kernel/patches/vivid-loop.patch" "$here"/patches/*.patch)

# What the Pi's programs and the cables are linked to.
packages=(busybox-static libc6 libgcc-s1 libturbojpeg0 libasound2
    libusbredirhost1 libusbredirhost-dev libusbredirparser1 libusbredirparser-dev libusb-1.0-0 libusb-1.0-0-dev libudev1)
# Loaded by the start, by the lab, or by a scenario; what they depend on comes along.
modules=(virtio_net virtio_blk virtio_console virtio_rng
    libcomposite usb_f_hid usb_f_mass_storage usb_f_uac2 usb_f_ncm dummy_hcd vivid
    usbhid hid-generic evdev uinput usb-storage sd_mod
    squashfs ext4 vfat nls_cp437 nls_iso8859-1 nls_utf8 nls_ascii overlay loop
    snd-aloop snd-usb-audio uvcvideo softdog sch_netem)
# Raise when what is kept changes.
recipe=1

fail() {
    echo "build-pi: $*" >&2
    exit 1
}

inputs_hash() {
    { echo "recipe $recipe" "${packages[@]}" "${modules[@]}"; source_version; cat "${patches[@]}"; } | sha256sum | cut -c1-12
}

# 6.12.117-1~deb12u1 → 6.12.117+deb12
kernel_release() {
    source_version | sed -E 's/^([0-9.]+)-[0-9]+~deb([0-9]+)u.*/\1+deb\2/'
}

fetch() {
    local work=$1 release=$2
    echo "    fetching Linux $release for arm64, its headers, BusyBox and libraries (120 MB, not installed)"
    "$repository/board/arm64-packages.sh" "$work/kernel" "linux-image-$release-arm64"
    "$repository/board/arm64-packages.sh" "$work/headers" "linux-headers-$release-arm64" "linux-headers-$release-common"
    "$repository/board/arm64-packages.sh" "$work/out/root" "${packages[@]}"
    # kbuild's programs run here
    (cd "$work" && apt-get -qq download "linux-kbuild-$release" 2>apt.log) || { cat "$work/apt.log" >&2; fail "apt cannot get linux-kbuild-$release: run 'apt-get update'"; }
    dpkg-deb -x "$work"/linux-kbuild-*.deb "$work/headers"
}

# The headers know each other by absolute paths; and without the kernel's own image there are no BTF types to make,
# for which pahole would be needed.
settle_headers() {
    local headers=$1 release=$2
    echo "include $headers/usr/src/linux-headers-$release-common/Makefile" >"$headers/usr/src/linux-headers-$release-arm64/Makefile"
    rm -f "$headers/usr/src/linux-headers-$release-arm64/vmlinux"
}

patched_sources() {
    local into=$1
    mkdir -p "$into"
    tar -xf "$tarball" -C "$into" --strip-components=1 linux-source-6.12/drivers/usb/gadget/udc/dummy_hcd.c linux-source-6.12/drivers/media/test-drivers/vivid
    for patch in "${patches[@]}"; do patch -s -d "$into" -p1 <"$patch"; done
    echo 'obj-m := dummy_hcd.o' >"$into/drivers/usb/gadget/udc/Makefile"
}

build_modules() {
    local work=$1 release=$2
    echo "    building dummy_hcd and vivid for arm64"
    settle_headers "$work/headers" "$release"
    patched_sources "$work/source"
    for folder in drivers/usb/gadget/udc drivers/media/test-drivers/vivid; do
        nice make -s -j"$(nproc)" -C "$work/headers/usr/src/linux-headers-$release-arm64" M="$work/source/$folder" modules >"$work/make.log" 2>&1 ||
            { tail -n 20 "$work/make.log" >&2; fail "the modules of $folder did not build; the compiler's last lines are above"; }
    done
}

# Ours in place of Debian's; then only what is wanted, unpacked: under emulation xz takes longer than all the rest.
keep_modules() {
    local work=$1 version=$2 tree=$1/kernel file
    local from=$tree/lib/modules/$version to=$work/out/lib/modules/$version
    for file in drivers/usb/gadget/udc/dummy_hcd drivers/media/test-drivers/vivid/vivid; do
        aarch64-linux-gnu-strip --strip-debug "$work/source/$file.ko"
        rm "$from/kernel/$file.ko.xz"
        cp "$work/source/$file.ko" "$from/kernel/$file.ko"
    done
    depmod -b "$tree" "$version"
    mkdir -p "$to/kernel"
    for module in "${modules[@]}"; do
        modprobe -d "$tree" -S "$version" --show-depends "$module" || fail "Debian's kernel has no module $module"
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
        case $file in
        *.xz) xz -dc "$file" >"$to/kernel/$(basename "$file" .xz)" ;;
        *) cp "$file" "$to/kernel/" ;;
        esac
    done
    cp "$from"/modules.{builtin,order} "$to/"
    depmod -b "$work/out" "$version" 2>/dev/null
}

build() {
    local work=$1 release
    command -v aarch64-linux-gnu-gcc-12 >/dev/null || fail "the cross compiler is missing: run 'lab/setup.sh'"
    release=$(kernel_release)
    fetch "$work" "$release"
    build_modules "$work" "$release"
    keep_modules "$work" "$release-arm64"
    cp "$work/kernel/boot/vmlinuz-$release-arm64" "$work/out/Image"
    cp "$work/kernel/boot/config-$release-arm64" "$work/out/config"
    rm -rf "$work"/out/root/usr/share "$work"/out/root/usr/lib/aarch64-linux-gnu/gconv
}

once arm64 Image "$@"
