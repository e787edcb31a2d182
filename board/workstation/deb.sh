#!/usr/bin/env bash
# Makes the Debian package of a workstation from binaries that are built: `make deb`.
#   board/workstation/deb.sh [FOLDER]   the package goes there (default: out/)
#
# By dpkg-deb alone, from a folder as it will be installed: two programs of two targets and a configuration that is made here are
# none of what cargo-deb does by itself, and it would be one more program to fetch and build.
#
# Variables: DKVM_BIN_DIR, where dkvm-device is (default target/release); DKVM_STATIC, the static dkvm; VERSION; LEVEL, how
# hard it is compressed (0 to 9).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
to=${1:-$repository/out}
binaries=${DKVM_BIN_DIR:-$repository/target/release}
profile=$(basename "$binaries")
host=$(rustc -vV | sed -n 's/^host: //p')
static=${DKVM_STATIC:-$(dirname "$binaries")/$host/$profile/dkvm}
version=${VERSION:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$repository/Cargo.toml")}
architecture=$(dpkg --print-architecture)
# The same source gives the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

fail() {
    echo "deb: $*" >&2
    exit 1
}

check() {
    for tool in dpkg-deb dpkg-shlibdeps gzip; do
        command -v "$tool" >/dev/null || fail "$tool is missing: 'apt-get install dpkg-dev' has it"
    done
    for program in "$static" "$binaries/dkvm-device"; do
        [ -x "$program" ] || fail "$program is not built: 'make deb' builds it first"
    done
    # Called without a name it lists its devices, and fails.
    case $("$binaries/dkvm-device" 2>&1 || true) in
    *'  screen '*) ;;
    *) fail "$binaries/dkvm-device has no devices of a workstation: build it with --features dkvm-device/workstation" ;;
    esac
}

put() { install -D -m "$1" "$2" "$root/$3"; }

# A person's kernel has its directories in the person's, and no root to give it priority.
configuration() {
    # shellcheck disable=SC2016  # the kernel reads these variables
    sed -e '/^realtime = true/d' \
        -e 's|^\[kernel\]$|[kernel]\nrun_dir = "$XDG_RUNTIME_DIR/dkvm"\nstate_dir = "$HOME/.local/state/dkvm"|' "$here/dkvm.toml"
}

changelog() {
    printf 'dkvm (%s) unstable; urgency=medium\n\n  * What changed is in the history of the source.\n\n -- dKVM maintainers <maintainers@dkvm.invalid>  %s\n' \
        "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
}

fill() {
    # Both in one folder, so that the kernel finds its devices; the command leads there.
    put 755 "$static" usr/libexec/dkvm/dkvm
    put 755 "$binaries/dkvm-device" usr/libexec/dkvm/dkvm-device
    strip --strip-unneeded "$root"/usr/libexec/dkvm/*
    mkdir -p "$root/usr/bin" "$root/etc/dkvm" "$root/usr/share/bash-completion/completions"
    ln -s ../libexec/dkvm/dkvm "$root/usr/bin/dkvm"
    configuration >"$root/etc/dkvm/dkvm.toml"
    "$static" completions bash >"$root/usr/share/bash-completion/completions/dkvm"
    put 644 "$here/debian/dkvm.service" usr/lib/systemd/user/dkvm.service
    put 644 "$here/debian/copyright" usr/share/doc/dkvm/copyright
    put 644 "$here/debian/README.Debian" usr/share/doc/dkvm/README.Debian
    put 644 "$here/debian/lintian-overrides" usr/share/lintian/overrides/dkvm
    put 644 "$here/debian/dkvm.1" usr/share/man/man1/dkvm.1
    changelog >"$root/usr/share/doc/dkvm/changelog"
    gzip -9n "$root/usr/share/man/man1/dkvm.1" "$root/usr/share/doc/dkvm/changelog"
}

# What the programs link to, as Debian names it.
dependencies() {
    mkdir -p "$work/shlibs/debian"
    printf 'Source: dkvm\n\nPackage: dkvm\nArchitecture: any\n' >"$work/shlibs/debian/control"
    (cd "$work/shlibs" && dpkg-shlibdeps -O "$root/usr/libexec/dkvm/dkvm-device" 2>"$work/shlibs.log") |
        sed -n 's/^shlibs:Depends=//p'
}

describe() {
    local depends size
    # When it fails, what it said comes next.
    depends=$(dependencies) || true
    [ -n "$depends" ] || { cat "$work/shlibs.log" >&2; fail 'dpkg-shlibdeps does not say what dkvm-device needs; its message is above'; }
    size=$(du -sk --apparent-size "$root" | cut -f1)
    mkdir -p "$root/DEBIAN"
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" -e "s/@DEPENDS@/$depends/" "$here/debian/control.in" >"$root/DEBIAN/control"
    echo /etc/dkvm/dkvm.toml >"$root/DEBIAN/conffiles"
    (cd "$root" && find usr -type f -printf '%P\0' | LC_ALL=C sort -z | sed -z 's|^|usr/|' | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
}

check
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
umask 022
mkdir -p "$root"
fill
describe
mkdir -p "$to"
package=$to/dkvm_${version}_$architecture.deb
dpkg-deb --root-owner-group -z "${LEVEL:-6}" --build "$root" "$package" >/dev/null
echo "$package"
