#!/bin/sh
# Sets up everything on a fresh Debian 12, says first what it will do, and repeats nothing that is done.
#   lab/setup.sh         all: packages, the kernels, the lab's programs, npm packages
#   lab/setup.sh check   only what `make check` and `cargo build` need: no emulator, no kernels
#   lab/setup.sh cross   only what `make cross` needs: Debian's cross compilers
#   lab/setup.sh bench   beside all, what only `make bench` needs: the peers that are measured beside us
#   lab/setup.sh image   only what `make image` and `make flash` need, OFFLINE=debian included
set -eu
lab=$(cd "$(dirname "$0")" && pwd)

# What the firmware needs to build and test: an X server without a screen (xvfb) for the workstation's window, turbojpeg for MJPEG, g++ and nasm for openh264 (without nasm it is silently three times slower), clang for the bindings of V4L2, xkb's data for the layouts that text is typed in.
build_packages="
    gcc g++ nasm libc6-dev make git
    pkg-config libturbojpeg0-dev libasound2-dev libclang-14-dev
    python3 xkb-data libxkbcommon0 libx11-data xvfb
    shellcheck"
# For the Pi's own architecture: Debian's Rust is the one that has a library for it without rustup.
cross_packages="
    gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross
    rustc-web cargo-web"
# Cards are assembled by the lab too.
card_packages="
    genimage dosfstools mtools squashfs-tools zstd"
# Buildroot's own wants, then the programs that stand in for its host packages with OFFLINE=debian.
image_packages="
    g++ perl python3 rsync cpio bc file unzip patch wget kmod xz-utils util-linux
    linux-source-6.12 dpkg-dev fakeroot m4 autoconf automake libtool libltdl-dev autopoint gettext pkgconf patchelf cmake bison flex lz4"
lab_packages="
    qemu-system-x86 qemu-system-arm
    linux-source-6.12 flex bison bc libelf-dev xz-utils kmod patch
    busybox-static
    libusbredirhost-dev libusb-1.0-0-dev
    chromium fonts-dejavu-core
    ustreamer
    alsa-utils libasound2-data libinput-tools
    python3 python3-msgpack
    dnsmasq-base nftables iperf3 openssh-client iputils-ping
    hostapd wpasupplicant iw dropbear-bin
    e2fsprogs iproute2 socat
    kbd perl
    grub-common grub-pc-bin xorriso"
# Who else carries keys and motions over a network, with what they need to run without a desktop; and what measures them.
bench_packages="
    barrier xvfb x11-xkb-utils sway seatd openssl
    libx11-dev libxtst-dev libxi-dev"
lan_mouse=0.11.0
say() { echo "setup: $*"; }

fail() {
    echo "setup: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

check_system() {
    [ "$(uname -m)" = x86_64 ] || fail "the lab needs an x86_64 machine; this one is $(uname -m)"
    command -v apt-get >/dev/null || fail "the set-up knows Debian 12 only; elsewhere install what this script lists by hand"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "packages are to be installed: run as root, or install sudo"
    command -v cargo >/dev/null || fail "the Rust toolchain is missing: install it from https://rustup.rs or 'apt-get install rustup'"
}

# A Node of at least 18.19 from anywhere will do; else Debian's.
node_packages() {
    if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 19) ? 0 : 1)' 2>/dev/null; then
        echo "nodejs npm"
    elif ! command -v npm >/dev/null; then
        echo "npm"
    fi
}

missing_packages() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
        case $status in
        ii*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

install_packages() {
    # shellcheck disable=SC2086  # a list of words
    missing=$(missing_packages $1)
    [ -n "$missing" ] || return 0
    say "will install by apt: $missing"
    apt_install "$missing" 2>/dev/null && return 0
    say "apt could not; trying again with fresh package lists"
    as_root apt-get -qq update
    apt_install "$missing" || fail "apt could not install them; its message is above"
}

apt_install() {
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 install $1 >/dev/null
}

# Only when the lock file is not the one that was installed.
install_npm() {
    cmp -s "$lab/package-lock.json" "$lab/node_modules/.installed-lock" && return 0
    say "will install by npm, into lab/node_modules: $(node -p 'const p = require("'"$lab"'/package.json"); Object.keys({ ...p.dependencies, ...p.devDependencies }).join(" ")')"
    (cd "$lab" && npm ci --silent --no-audit --no-fund)
    cp "$lab/package-lock.json" "$lab/node_modules/.installed-lock"
}

build_kernels() {
    uml=$("$lab/kernel/build-uml.sh" --where)
    if [ ! -x "$uml/linux" ]; then
        say "will build the virtual Pi's Linux into $uml"
        "$lab/kernel/build-uml.sh"
    fi
    target=$("$lab/target/fetch-kernel.sh" --where)
    if [ ! -e "$target/vmlinux" ]; then
        say "will fetch the target PC's Linux into $target"
        "$lab/target/fetch-kernel.sh"
    fi
}

# The second tier: the emulated aarch64 Pi.
build_arm() {
    arm=$("$lab/arm64/build-pi.sh" --where)
    if [ ! -e "$arm/Image" ]; then
        say "will gather the aarch64 Pi's Linux into $arm"
        "$lab/arm64/build-pi.sh"
    fi
    "$lab/arm64/build-programs.sh"
}

# Programs whose packages would change this machine: a time server, and what makes the console's keymaps of xkb-data.
fetch_programs() {
    fetch_program chrony usr/sbin/chronyd
    fetch_program console-setup usr/bin/ckbcomp
}

fetch_program() {
    name=$(basename "$2")
    [ -x "$lab/build/$name" ] && return 0
    say "will fetch the program $name of $1 into lab/build (not installed)"
    work=$(mktemp -d)
    (cd "$work" && apt-get -qq download "$1" 2>apt.log) || { cat "$work/apt.log" >&2; fail "apt could not fetch $1; its message is above"; }
    mkdir -p "$lab/build"
    dpkg-deb --fsys-tarfile "$work/$1"_*.deb | tar -xO "./$2" >"$work/$name"
    chmod 755 "$work/$name"
    mv "$work/$name" "$lab/build/$name"
    rm -r "$work"
}

# By cargo, as Debian has none; without its window, and with what works without a desktop.
install_lan_mouse() {
    [ -x "$lab/build/lan-mouse/bin/lan-mouse" ] && return 0
    say "will build lan-mouse $lan_mouse by cargo, for the benchmarks (some minutes)"
    cargo install --quiet --locked --version "$lan_mouse" --no-default-features \
        --features layer_shell_capture,x11_capture,x11_emulation --root "$lab/build/lan-mouse" lan-mouse ||
        say "cargo could not install lan-mouse; the benchmarks do without it and say so"
}

# A tap needs /dev/net/tun, which Debian opens to everybody, some containers do not.
open_tun() {
    [ -r /dev/net/tun ] && [ -w /dev/net/tun ] && return 0
    say "will make /dev/net/tun usable"
    [ -e /dev/net/tun ] || as_root modprobe tun || fail "there is no /dev/net/tun and the module 'tun' does not load: the lab's network needs it"
    as_root chmod 666 /dev/net/tun
}

check_system
case ${1:-all} in
check)
    install_packages "$build_packages $(node_packages)"
    install_npm
    ;;
cross)
    install_packages "$build_packages $cross_packages $(node_packages)"
    ;;
bench)
    install_packages "$bench_packages"
    make -s -C "$lab/cables" OUT="$lab/build" bench
    install_lan_mouse
    ;;
image)
    install_packages "$build_packages $cross_packages $card_packages $image_packages $(node_packages)"
    ;;
all)
    install_packages "$build_packages $cross_packages $card_packages $image_packages $lab_packages $(node_packages)"
    install_npm
    open_tun
    build_kernels
    fetch_programs
    build_arm
    make -s -C "$lab/cables" OUT="$lab/build"
    ;;
*)
    fail "unknown part '$1': use no argument, 'check', 'cross', 'bench' or 'image'"
    ;;
esac
