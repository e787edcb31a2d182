#!/usr/bin/env bash
# Builds the aarch64 binaries, dkvm (static) and dkvm-device (glibc 2.36), into target/aarch64/.
#   board/cross.sh           by Debian 12's own cross toolchain: no container, no rustup target
#   CROSS=cross board/cross.sh   by `cross` (cargo install cross --locked), which needs docker or podman
#   board/cross.sh --where   only prints the folder the binaries are in
#
# Variables: PROFILE, a profile of Cargo.toml (default release). CROSS=debian|cross. For debian: CROSS_RUSTC and CROSS_CARGO, the compiler and cargo that belong to
# Debian's libstd-rust-web-dev (default /usr/bin/rustc and /usr/bin/cargo; rustup's cannot use that library).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
triple=aarch64-unknown-linux-gnu
target_dir=$repository/target/aarch64
profile=${PROFILE:-release}
where=$target_dir/$triple/$profile
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dkvm
rustc=${CROSS_RUSTC:-/usr/bin/rustc}
cargo=${CROSS_CARGO:-/usr/bin/cargo}

# What the binaries link to beside the C library, and the headers that bindgen reads.
libraries=(libturbojpeg0 libturbojpeg0-dev libasound2 libasound2-dev)
# Raise when sysroot() changes what comes out: part of the cache key.
recipe=2

fail() {
    echo "cross: $*" >&2
    exit 1
}

# What every build is told, whoever builds: no path of this machine in the binaries, so that two builds are the same bytes.
common_flags=(
    "--remap-path-prefix=$repository=/dkvm"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
)

# Cargo's list separator: flags may hold blanks.
joined() {
    local IFS=$'\x1f'
    echo "$*"
}

require_debian_tools() {
    local missing=()
    command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(gcc-aarch64-linux-gnu)
    command -v aarch64-linux-gnu-g++ >/dev/null || missing+=(g++-aarch64-linux-gnu)
    [ -e /usr/aarch64-linux-gnu/include/stdio.h ] || missing+=(libc6-dev-arm64-cross)
    [ -x "$rustc" ] || missing+=(rustc-web)
    [ -x "$cargo" ] || missing+=(cargo-web)
    [ ${#missing[@]} -eq 0 ] || fail "missing: ${missing[*]}. 'lab/setup.sh cross' installs them; CROSS=cross does without"
}

# Version of the package that the compiler is from: its library for arm64 must be of the same build.
rustc_version() {
    dpkg-query -W -f='${Version}' rustc-web 2>/dev/null || fail "Debian's package rustc-web is not installed: run 'lab/setup.sh cross'"
}

sysroot_path() {
    local key
    key=$({ echo "recipe $recipe" "${libraries[@]}"; rustc_version; } | sha256sum | cut -c1-12)
    echo "$cache/cross-$key"
}

# Rust's library for both machines as rustc looks for it, and the arm64 libraries below usr/.
build_sysroot() {
    local into=$1 work=$1.new host
    host=$("$rustc" -vV | sed -n 's/^host: //p')
    echo "    fetching arm64 libraries into $into (90 MB, once; nothing is installed)"
    rm -rf "$work"
    "$here/arm64-packages.sh" "$work" "libstd-rust-web-dev=$(rustc_version)" "${libraries[@]}"
    mkdir -p "$work/lib/rustlib"
    ln -s "../../usr/lib/rustlib/$triple" "$work/lib/rustlib/$triple"
    ln -s "$("$rustc" --print sysroot)/lib/rustlib/$host" "$work/lib/rustlib/$host"
    mv "$work" "$into"
}

# All of it by the target's name, so that build scripts, which run here, are built as ever.
set_debian_environment() {
    local sysroot=$1 cxx_library clang_headers=(/usr/lib/llvm-*/lib/clang/*/include)
    [ -d "${clang_headers[0]}" ] || fail "clang's own headers are missing: run 'lab/setup.sh cross'"
    export RUSTC=$rustc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
    # openh264 is C++; what it needs of the library goes into the binary, for the image has none.
    export CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ CXXSTDLIB_aarch64_unknown_linux_gnu=static=stdc++
    cxx_library=$(dirname "$(aarch64-linux-gnu-g++ -print-file-name=libstdc++.a)")
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_SYSROOT_DIR=$sysroot
    export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig
    export BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu="-nostdinc -isystem ${clang_headers[0]} -isystem /usr/aarch64-linux-gnu/include -isystem $sysroot/usr/include"
    CARGO_ENCODED_RUSTFLAGS=$(joined --sysroot "$sysroot" -L "native=$sysroot/usr/lib/aarch64-linux-gnu" -L "native=$cxx_library" "${common_flags[@]}")
    export CARGO_ENCODED_RUSTFLAGS
    unset RUSTFLAGS RUSTUP_TOOLCHAIN
}

prepare_debian() {
    local sysroot
    require_debian_tools
    sysroot=$(sysroot_path)
    mkdir -p "$cache"
    exec 8>"$cache/cross.lock"
    flock 8
    [ -d "$sysroot" ] || build_sysroot "$sysroot"
    exec 8>&-
    set_debian_environment "$sysroot"
    builder=("$cargo")
}

prepare_cross() {
    command -v cross >/dev/null || fail "the program 'cross' is missing: 'cargo install cross --locked', or build with CROSS=debian"
    docker info >/dev/null 2>&1 || podman info >/dev/null 2>&1 ||
        fail "cross needs docker or podman, and neither answers: start one, or build with CROSS=debian"
    export CROSS_CONFIG=$here/Cross.toml
    # The container's folder of libstdc++.a: Debian 12's, as in cross.Dockerfile.
    CARGO_ENCODED_RUSTFLAGS=$(joined -L native=/usr/lib/gcc-cross/aarch64-linux-gnu/12 "${common_flags[@]}" --remap-path-prefix=/project=/dkvm)
    export CARGO_ENCODED_RUSTFLAGS
    builder=(cross)
}

build() {
    local common=(--profile "$profile" --locked --target "$triple")
    export CARGO_TARGET_DIR=$target_dir
    cd "$repository"
    nice -n 10 "${builder[@]}" build "${common[@]}" -p dkvm-device
    nice -n 10 "${builder[@]}" rustc "${common[@]}" -p dkvm --bin dkvm -- -C target-feature=+crt-static
}

# A binary of the wrong kind would only be found out on the Pi.
check_results() {
    local readelf=readelf
    command -v aarch64-linux-gnu-readelf >/dev/null && readelf=aarch64-linux-gnu-readelf
    for name in dkvm dkvm-device; do
        [ "$("$readelf" -h "$where/$name" | sed -n 's/.*Machine: *//p')" = AArch64 ] || fail "$where/$name is no aarch64 program"
    done
    if "$readelf" -d "$where/dkvm" | grep -q NEEDED; then fail "$where/dkvm is not static"; fi
    if "$readelf" -d "$where/dkvm-device" | grep -q 'libstdc++'; then fail "$where/dkvm-device wants libstdc++, which the image has not: CXXSTDLIB was not kept to"; fi
}

case ${1:-} in
--where) echo "$where"; exit 0 ;;
'') ;;
*) fail "unknown argument '$1': use none, or --where" ;;
esac
case ${CROSS:-debian} in
debian) prepare_debian ;;
cross) prepare_cross ;;
*) fail "CROSS is '${CROSS}': it is 'debian' or 'cross'" ;;
esac
echo "== dkvm (static), dkvm-device, for aarch64"
build
check_results
echo "$where"
