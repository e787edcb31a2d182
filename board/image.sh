#!/usr/bin/env bash
# Builds the image of a board: `make image BOARD=rpi4|zero2w|qemu`. The binaries are those of board/cross.sh.
#   BUILDROOT=dir     a Buildroot tree that is there already; without it, the release below is fetched
#   CONSOLE=serial    Linux and the kernel's log on the serial port; else it stays silent
#   OFFLINE=debian    sources and tools from Debian's packages, where upstream cannot be reached (board/offline.sh)
# What comes out is in out/BOARD/. With the argument 'request' or 'check' it only looks whether that, or all that it needs, is in order.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$here")

# The release, by tag and by commit: Buildroot signs tarballs, and a commit id is a hash of the whole tree.
readonly buildroot_version=2025.02.16
readonly buildroot_commit=135af563b945b8c3d18f8fd370370075b9edb140
readonly buildroot_git=https://gitlab.com/buildroot.org/buildroot.git
# For the toolchain, Linux and the packages, and for the images of a build that is there already; measured, rounded up.
readonly wanted_megabytes=9000 wanted_again_megabytes=2000

board=${BOARD:-} console=${CONSOLE:-} offline=${OFFLINE:-}
out=$repository/out/$board
output=$out/buildroot
key=${DKVM_UPDATE_KEY:-${XDG_CONFIG_HOME:-$HOME/.config}/dkvm/update.key}

fail() {
    echo "image: $*" >&2
    exit 1
}

say() { printf '[%02d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

check_request() {
    case $board in
    rpi4 | zero2w | qemu) ;;
    '') fail "which board? make image BOARD=rpi4, zero2w or qemu" ;;
    *) fail "there is no board '$board': rpi4 (Raspberry Pi 4), zero2w (Zero 2W), qemu (for the tests)" ;;
    esac
    case $console in '' | serial) ;; *) fail "CONSOLE is '$console': leave it out, or say CONSOLE=serial" ;; esac
    case $offline in '' | debian) ;; *) fail "OFFLINE is '$offline': leave it out, or say OFFLINE=debian" ;; esac
}

check_tools() {
    local tool missing=()
    for tool in git gcc g++ make perl python3 rsync cpio bc file unzip patch wget genimage mkfs.vfat mcopy mksquashfs zstd modprobe aarch64-linux-gnu-readelf; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] || fail "missing: ${missing[*]}. On Debian 'lab/setup.sh image' installs them"
}

check_space() {
    local free wanted=$wanted_megabytes
    mkdir -p "$out"
    [ ! -d "$output/build" ] || wanted=$wanted_again_megabytes
    free=$(df -Pm "$out" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$wanted" ] ||
        fail "a build wants $((wanted / 1000)) GB and $out has $free MB: make room, or link $repository/out to a larger disk"
}

find_buildroot() {
    if [ -n "${BUILDROOT:-}" ]; then
        buildroot=$(realpath -m "$BUILDROOT")
        [ -f "$buildroot/support/misc/utils.mk" ] || fail "BUILDROOT=$BUILDROOT is no Buildroot tree"
        grep -q "^export BR2_VERSION := ${buildroot_version%.*}" "$buildroot/Makefile" ||
            fail "BUILDROOT=$BUILDROOT is not of the ${buildroot_version%.*} series, which the defconfigs are written for"
        return
    fi
    buildroot=$repository/out/buildroot-$buildroot_version
    [ -d "$buildroot" ] || fetch_buildroot
}

fetch_buildroot() {
    say "fetching Buildroot $buildroot_version"
    timeout 30 git ls-remote --exit-code "$buildroot_git" "refs/tags/$buildroot_version" >/dev/null 2>&1 ||
        fail "$buildroot_git cannot be reached: check the network, or give a tree that is there by BUILDROOT=dir"
    rm -rf "$buildroot.new"
    git -c advice.detachedHead=false clone -q --depth 1 --branch "$buildroot_version" "$buildroot_git" "$buildroot.new"
    [ "$(git -C "$buildroot.new" rev-parse HEAD)" = "$buildroot_commit" ] ||
        fail "the Buildroot that was fetched is not $buildroot_commit: not used, see $buildroot.new"
    mv "$buildroot.new" "$buildroot"
}

# The times in the image are Buildroot's release's, so that a commit here changes no byte that it does not touch.
set_environment() {
    local release count
    SOURCE_DATE_EPOCH=$(sed -n 's/^BR2_VERSION_EPOCH = //p' "$buildroot/Makefile")
    release=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$repository/Cargo.toml")
    count=$(git -C "$repository" rev-list --count HEAD)
    DKVM_IMAGE_VERSION=${release:-0.0.0}-dev.$count
    if git -C "$repository" describe --exact-match --tags --match 'v[0-9]*' >/dev/null 2>&1; then
        DKVM_IMAGE_VERSION=$(git -C "$repository" describe --exact-match --tags --match 'v[0-9]*' | sed 's/^v//')
    fi
    DKVM_IMAGE_BUILD=$(git -C "$repository" describe --always --dirty --abbrev=12 --exclude '*')
    DKVM_STAGED=$out/staged DKVM_CONSOLE=$console DKVM_UPDATE_PUBLIC=$out/update.pub
    export SOURCE_DATE_EPOCH DKVM_IMAGE_VERSION DKVM_IMAGE_BUILD DKVM_STAGED DKVM_CONSOLE DKVM_UPDATE_PUBLIC
    name=dkvm-$board-$DKVM_IMAGE_VERSION
}

# The key that signs updates is made at the first build and never leaves this machine.
prepare_key() {
    bundle=$repository/target/release/dkvm-bundle
    (cd "$repository" && cargo build --quiet --release --locked -p dkvm-bundle)
    [ -f "$key" ] || say "making the key that signs updates: $key. Keep a copy: without it no node takes another update"
    mkdir -p "$(dirname "$key")"
    "$bundle" keygen --key "$key" --public "$out/update.pub" >/dev/null
}

stage_binaries() {
    local from program
    from=$("$here/cross.sh" --where)
    rm -rf "$DKVM_STAGED"
    mkdir -p "$DKVM_STAGED"
    for program in dkvm dkvm-device; do
        [ -x "$from/$program" ] || fail "$from/$program is not built: 'make cross' builds it"
        aarch64-linux-gnu-strip -o "$DKVM_STAGED/$program" "$from/$program"
        touch -d "@$SOURCE_DATE_EPOCH" "$DKVM_STAGED/$program"
    done
    cp "$repository"/LICENSE-MIT "$repository"/LICENSE-APACHE "$DKVM_STAGED/"
}

# br TARGET…: Buildroot in its output folder
br() { make --no-print-directory -s -C "$output" "$@"; }

configure() {
    local defconfig=$here/configs/dkvm_${board}_defconfig
    mkdir -p "$output"
    cp "$defconfig" "$output/dkvm.defconfig"
    if [ "$offline" = debian ]; then "$here/offline.sh" config "$board" >>"$output/dkvm.defconfig"; fi
    make --no-print-directory -s -C "$buildroot" O="$output" BR2_EXTERNAL="$here" BR2_DEFCONFIG="$output/dkvm.defconfig" defconfig >"$out/build.log" 2>&1 ||
        { tail -n 5 "$out/build.log" >&2; fail "Buildroot does not take the configuration; its words are above"; }
    [ -n "$offline" ] || "$buildroot/support/scripts/check-dotconfig.py" "$output/.config" "$defconfig" | { ! grep . >&2; } ||
        fail "Buildroot dropped the lines above from $defconfig"
    if [ "$offline" = debian ]; then "$here/offline.sh" prepare "$output" "$buildroot" || fail "the offline sources could not be prepared"; fi
}

# Buildroot builds a package anew only when its version changes: so tell it when our part of it did.
forget_changed() {
    forget linux "$here/$board" "$repository/kernel-config"
    forget busybox "$here/common/busybox.fragment"
    forget dkvm "$DKVM_STAGED"
}

# forget PACKAGE PATH…: configures and builds it again if one of the paths has changed
forget() {
    local package=$1 sum old=$output/.inputs-$1
    shift
    sum=$(find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat "$old" 2>/dev/null)" != "$sum" ] || return 0
    if [ "$package" = dkvm ]; then rm -rf "$output"/build/dkvm-*; fi
    rm -f "$output/build/$package"-*/.stamp_{dotconfig,kconfig_fixup_done,configured,built,target_installed,images_installed,installed}
    echo "$sum" >"$old"
}

# One line a package, as it begins, with its place among all.
show_packages() {
    local total=$1 line package seen=' ' number=0
    while IFS= read -r line; do
        case $line in *'>>> '*) ;; *) continue ;; esac
        package=${line##*>>> }
        package=${package%% *}
        case $seen in *" $package "*) continue ;; esac
        seen+="$package " number=$((number + 1))
        say "$(printf '%3d of about %d  %s' "$number" "$total" "$package")"
    done
}

build() {
    local total
    if [ -z "$offline" ]; then
        say "fetching sources"
        br source >>"$out/build.log" 2>&1 || fail "a source could not be fetched: check the network; $out/build.log ends with which"
    fi
    forget_changed
    total=$(br show-build-order 2>/dev/null | wc -l)
    say "building; all of its words are in $out/build.log"
    if ! make --no-print-directory -C "$output" 2>&1 | tee -a "$out/build.log" | show_packages "$total"; then
        grep -E '^(post-build|kernel-config|card|offline): |[^a-z]error: |\*\*\*' "$out/build.log" | tail -n 5 >&2 || true
        fail "Buildroot failed: the last lines of $out/build.log say at what"
    fi
}

# What the steps of all packages took when they were built last.
built_seconds() {
    awk -F: '$2 == "start" { begin[$3 $4] = $1 } $2 ~ /^end/ { sum += $1 - begin[$3 $4] } END { printf "%d", sum }' "$output/build/build-time.log"
}

# What is in the image, and under which licences.
write_bill() {
    local other=()
    say "bill of materials and licences"
    br show-info >"$out/show-info.json" 2>/dev/null
    (cd "$repository" && cargo metadata --quiet --format-version 1 --locked --filter-platform aarch64-unknown-linux-gnu) >"$out/cargo.json"
    if [ "$offline" = debian ]; then
        "$here/offline.sh" versions >"$out/versions.txt"
        other=(--versions "$out/versions.txt")
    fi
    "$here/sbom.py" --board "$board" --version "$DKVM_IMAGE_VERSION" --buildroot "$out/show-info.json" --cargo "$out/cargo.json" \
        --sbom "$out/$name.cdx.json" --licences "$out/$name.licences.txt" "${other[@]}"
    rm -f "$out/show-info.json" "$out/cargo.json" "$out/versions.txt"
}

collect() {
    local images=$output/images
    rm -f "$out"/dkvm-"$board"-*
    cp --sparse=always "$images/card.img" "$out/$name.img"
    cp "$images/boot.vfat" "$images/rootfs.squashfs" "$out/"
    zstd -q -T0 -10 -f "$out/$name.img" -o "$out/$name.img.zst"
    "$bundle" create --board "$board" --version "$DKVM_IMAGE_VERSION" --build "$DKVM_IMAGE_BUILD" --boot "$out/boot.vfat" \
        --root "$out/rootfs.squashfs" --key "$key" --out "$out/$name.dkvm" >/dev/null
    write_bill
    { "$here/sizes.sh" "$out" "$output"; printf '%-22s %10d\n' 'build of Linux and all packages, seconds' "$(built_seconds)"; } >"$out/$name.sizes.txt"
    (cd "$out" && sha256sum "$name".img "$name".img.zst "$name".dkvm >"$name.sha256")
}

check_request
[ "${1:-}" != request ] || exit 0
check_tools
check_space
find_buildroot
[ "${1:-}" != check ] || exit 0
set_environment
say "$name ($DKVM_IMAGE_BUILD), Buildroot in $buildroot"
prepare_key
stage_binaries
configure
build
collect
say "done: $out"
cat "$out/$name.sizes.txt"
echo "To a card: make flash BOARD=$board DEVICE=/dev/sdX"
