#!/usr/bin/env bash
# Where upstream cannot be reached but Debian's archive can: toolchain, sources and host tools from Debian 12, for Buildroot.
# For trying things and for the tests: the versions are Debian's, with its security fixes, not those that Buildroot pins.
#   board/offline.sh config                       prints the lines that follow a defconfig
#   board/offline.sh prepare OUTPUT BUILDROOT     sources and host tools, after 'defconfig'
#   board/offline.sh versions                     package and Debian's version, a line each
# Only boards with upstream's Linux (qemu): the Pi's own Linux and firmware are not in Debian.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dkvm/offline
toolchain=$cache/toolchain-1
sources=$cache/sources-1
binaries=$cache/binaries-1
linux_tarball=/usr/src/linux-source-6.12.tar.xz
triple=aarch64-linux-gnu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gcc_version=12

toolchain_packages=(
    binutils-aarch64-linux-gnu gcc-12-aarch64-linux-gnu cpp-12-aarch64-linux-gnu g++-12-aarch64-linux-gnu
    libc6-arm64-cross libc6-dev-arm64-cross linux-libc-dev-arm64-cross libgcc-s1-arm64-cross libgcc-12-dev-arm64-cross
    libstdc++6-arm64-cross libstdc++-12-dev-arm64-cross libatomic1-arm64-cross libgomp1-arm64-cross
)
# Buildroot's name and Debian's.
source_packages=(
    alsa-lib:alsa-lib busybox:busybox dnsmasq:dnsmasq dropbear:dropbear e2fsprogs:e2fsprogs jpeg-turbo:libjpeg-turbo
    libnl:libnl3 libxcrypt:libxcrypt util-linux:util-linux wpa_supplicant:wpa
)
# What comes built: not every mirror has the sources of these. Same glibc, so Debian's own binaries run. They are in no bill of
# materials: an image built offline is for tests.
binary_packages=(
    nftables libnftables1 libnftnl11 libmnl0 libjansson4 libgmp10 libxtables12 libedit2 libbsd0 libmd0 libtinfo6
)
# Host packages of Buildroot for which programs of this machine stand in.
host_packages=(
    acl attr autoconf automake bison cmake fakeroot flex gettext gettext-tiny kmod libtool libzlib lz4 lzo m4 patchelf pkgconf
    squashfs tar xz zlib zstd
)
host_programs=(
    aclocal autoconf autoheader autom4te automake autoreconf bison bzcat cmake depmod fakeroot flex gettext gzip libtoolize m4
    mksquashfs msgfmt patchelf pkgconf tar unsquashfs xgettext xz xzcat zstd
)

fail() {
    echo "offline: $*" >&2
    exit 1
}

# The sysroot split as Buildroot wants it: what runs in lib, what links in usr/lib.
split_sysroot() {
    local from=$1/tree/usr/$triple/lib into=$1/sysroot file name
    mkdir -p "$into/lib" "$into/usr/lib"
    mv "$1/tree/usr/$triple/include" "$into/usr/include"
    mkdir -p "$1/tree/usr/$triple/include"
    mv "$into/usr/include/c++" "$1/tree/usr/$triple/include/"
    for file in "$from"/*; do
        name=${file##*/}
        if [[ $name == *.so ]] && [ -L "$file" ]; then
            ln -s "../../lib/$(readlink "$file")" "$into/usr/lib/$name"
        elif [[ $name == *.so.* ]]; then
            cp -a "$file" "$into/lib/"
        else
            cp -a "$file" "$into/usr/lib/"
        fi
    done
    sed -i "s#/usr/$triple/lib/libc_nonshared.a#/usr/lib/libc_nonshared.a#; s#/usr/$triple/lib/#/lib/#g" "$into/usr/lib/libc.so"
    rm -r "$from"
}

# gcc's own links to libraries that moved.
mend_links() {
    local link name
    for link in "$1/tree/usr/lib/gcc-cross/$triple/$gcc_version"/*.so; do
        [ -L "$link" ] || continue
        name=$(basename "$(readlink "$link")")
        if [ -e "$1/sysroot/lib/$name" ]; then ln -sfn "$toolchain/sysroot/lib/$name" "$link"; else rm "$link"; fi
    done
}

# Buildroot refuses a gcc that was configured with --with-sysroot=/, as Debian's was: a wrapper gives it one, and says so.
write_wrapper() {
    local path=$1/bin/$triple-$2
    cat >"$path" <<EOF
#!/bin/sh
real=$toolchain/tree/usr/bin/$triple-$2-$gcc_version
[ "\$*" != -v ] || { "\$real" -v 2>&1 | sed 's#--with-sysroot=/ #--with-sysroot=$toolchain/sysroot #' >&2; exit; }
case " \$* " in *' --sysroot'*) exec "\$real" "\$@" ;; esac
exec "\$real" --sysroot=$toolchain/sysroot "\$@"
EOF
    chmod +x "$path"
}

build_toolchain() {
    local work=$toolchain.new package tool
    echo "offline: unpacking Debian's cross compiler into $toolchain" >&2
    rm -rf "$work"
    mkdir -p "$work/debs" "$work/bin"
    (cd "$work/debs" && apt-get -qq download "${toolchain_packages[@]}" 2>"$work/log") || { cat "$work/log" >&2; fail "apt could not fetch the cross compiler"; }
    for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
    split_sysroot "$work"
    mend_links "$work"
    for tool in addr2line ar as c++filt elfedit ld ld.bfd nm objcopy objdump ranlib readelf size strings strip; do
        ln -s "../tree/usr/bin/$triple-$tool" "$work/bin/$triple-$tool"
    done
    for tool in gcc-ar gcc-nm gcc-ranlib; do ln -s "../tree/usr/bin/$triple-$tool-$gcc_version" "$work/bin/$triple-$tool"; done
    for tool in gcc g++ cpp; do write_wrapper "$work" "$tool"; done
    rm -r "$work/debs"
    mv "$work" "$toolchain"
}

# A root of its own, laid over the image's: one program and its libraries.
fetch_binaries() {
    local work=$binaries.new
    echo "offline: fetching nft from Debian into $binaries" >&2
    rm -rf "$work"
    mkdir -p "$work/tree" "$work/root/usr/sbin" "$work/root/usr/lib"
    "$here/arm64-packages.sh" "$work/tree" "${binary_packages[@]}" >&2 || fail "Debian's nft for arm64 could not be had"
    cp "$work/tree/usr/sbin/nft" "$work/root/usr/sbin/"
    find "$work/tree" -path "*/lib/$triple/*" -name '*.so.*' ! -name 'libtic.*' -exec cp -a {} "$work/root/usr/lib/" \;
    rm -r "$work/tree"
    mv "$work" "$binaries"
}

# The board's own overlays, and ours.
print_overlay() {
    sed -n "s#^BR2_ROOTFS_OVERLAY=\"\(.*\)\"#BR2_ROOTFS_OVERLAY=\"\1 $binaries/root\"#p" "$here/configs/dkvm_qemu_defconfig"
}

print_config() {
    cat <<EOF
# BR2_PACKAGE_NFTABLES is not set
$(print_overlay)
# BR2_TOOLCHAIN_EXTERNAL_BOOTLIN is not set
BR2_TOOLCHAIN_EXTERNAL_CUSTOM=y
BR2_TOOLCHAIN_EXTERNAL_PREINSTALLED=y
BR2_TOOLCHAIN_EXTERNAL_PATH="$toolchain"
BR2_TOOLCHAIN_EXTERNAL_CUSTOM_PREFIX="$triple"
BR2_TOOLCHAIN_EXTERNAL_GCC_12=y
BR2_TOOLCHAIN_EXTERNAL_HEADERS_6_1=y
BR2_TOOLCHAIN_EXTERNAL_CUSTOM_GLIBC=y
BR2_TOOLCHAIN_EXTERNAL_CXX=y
BR2_TOOLCHAIN_EXTERNAL_OPENMP=y
# BR2_TOOLCHAIN_EXTERNAL_INET_RPC is not set
# BR2_DOWNLOAD_FORCE_CHECK_HASHES is not set
# BR2_LINUX_KERNEL_CUSTOM_VERSION is not set
BR2_LINUX_KERNEL_CUSTOM_TARBALL=y
BR2_LINUX_KERNEL_CUSTOM_TARBALL_LOCATION="file://$linux_tarball"
BR2_DL_DIR="$cache/dl"
EOF
}

# apt's own servers, asked for sources; in lists of our own, so that nothing of the machine's changes.
# In reverse order, so that the main archive is asked before the security one, which drops what it has passed on.
write_apt_configuration() {
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    # shellcheck disable=SC2016  # the words in $( ) are apt's
    apt-get indextargets --format 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) main' \
        'Created-By: Packages' 'Origin: Debian' | grep -w main | sort -ru >"$1/sources.list"
    cat >"$1/apt.conf" <<EOF
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
EOF
}

fetch_sources() {
    local work=$sources.new pair
    echo "offline: fetching sources from Debian into $sources" >&2
    rm -rf "$work"
    mkdir -p "$work/download"
    write_apt_configuration "$work/apt"
    (
        cd "$work/download"
        export APT_CONFIG=$work/apt/apt.conf
        apt-get -qq update && apt-get -qq source "${source_packages[@]#*:}"
    ) >"$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; fail "apt could not fetch sources; $work/log says more"; }
    for pair in "${source_packages[@]}"; do mv "$work/download/${pair#*:}"-[0-9]* "$work/${pair%%:*}"; done
    rm -r "$work/download" "$work/apt"
    (cd "$work/libxcrypt" && autoreconf -fi) >>"$work/log" 2>&1 || fail "libxcrypt's configure could not be made; $work/log says more"
    mv "$work" "$sources"
}

# What Buildroot does to a libtool when it unpacks a package itself: no host library gets into a link.
mend_libtool() {
    local script
    find "$sources" -name ltmain.sh | while read -r script; do
        if grep -q 'defaulting to' "$script"; then continue; fi
        patch -s -F3 "$script" "$1/support/libtool/buildroot-libtool-v2.4.4.patch" || fail "$script does not take Buildroot's patch"
    done
}

write_overrides() {
    local pair name
    for pair in "${source_packages[@]}"; do
        name=${pair%%:*}
        name=${name//-/_}
        echo "${name^^}_OVERRIDE_SRCDIR = $sources/${pair%%:*}"
    done >"$1/local.mk"
}

# One question for all of them: Buildroot takes seconds to say anything.
host_directories() {
    local names
    names=$(printf 'HOST_%s_DIR ' "${host_packages[@]^^}")
    make --no-print-directory -s -C "$1" printvars VARS="${names//-/_}" | sed -n 's/^HOST_[A-Z0-9_]*_DIR=//p'
}

# Buildroot believes in a package by its stamps.
stand_in() {
    local output=$1 directories directory step program path
    mkdir -p "$output/host/bin" "$output/host/sbin"
    mapfile -t directories < <(host_directories "$output")
    [ ${#directories[@]} = ${#host_packages[@]} ] || fail "Buildroot names ${#directories[@]} of ${#host_packages[@]} host packages"
    for directory in "${directories[@]}"; do
        mkdir -p "$directory"
        for step in downloaded extracted patched configured built host_installed; do touch "$directory/.stamp_$step"; done
    done
    for program in "${host_programs[@]}"; do
        path=$(command -v "$program") || fail "$program is missing: run 'lab/setup.sh image'"
        ln -sfn "$path" "$output/host/bin/$program"
    done
    ln -sfn "$output/host/bin/depmod" "$output/host/sbin/depmod"
    sed -e 's,@STAGING_SUBDIR@,aarch64-buildroot-linux-gnu/sysroot,; s,@STATIC@,,' "$2/package/pkgconf/pkg-config.in" >"$output/host/bin/pkg-config"
    chmod +x "$output/host/bin/pkg-config"
}

print_versions() {
    local pair name
    for pair in "${source_packages[@]}"; do
        name=${pair%%:*}
        echo "$name $(sed -n '1s/.*(\(.*\)).*/\1/p' "$sources/$name/debian/changelog")"
    done
    echo "linux $(dpkg-query -W -f='${Version}' linux-source-6.12)"
    echo "toolchain-external-custom gcc-$gcc_version,glibc-$(sed -n 's/^#define.__GLIBC_MINOR__.*\([0-9][0-9]\)$/2.\1/p' "$toolchain/sysroot/usr/include/features.h")"
}

case ${1:-} in
config)
    [ "${2:-qemu}" = qemu ] || fail "the Linux and the firmware of '$2' are not in Debian: only BOARD=qemu can be built offline"
    [ -f "$linux_tarball" ] || fail "$linux_tarball is missing: install linux-source-6.12"
    [ -d "$toolchain" ] || build_toolchain
    [ -d "$binaries" ] || fetch_binaries
    print_config
    ;;
prepare)
    [ $# = 3 ] || fail "usage: offline.sh prepare OUTPUT BUILDROOT"
    [ -d "$sources" ] || fetch_sources
    mend_libtool "$3"
    write_overrides "$2"
    stand_in "$2" "$3"
    ;;
versions) print_versions ;;
*) fail "unknown argument '${1:-}': config, prepare or versions" ;;
esac
