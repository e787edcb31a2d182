#!/usr/bin/env bash
# Extracts Debian packages for arm64 into a folder; installs nothing and leaves this machine's architectures alone.
#   board/arm64-packages.sh DIRECTORY PACKAGE…
# It uses this machine's own sources and keyrings with package lists of its own. Exactly the packages named are
# taken, no dependency is followed; PACKAGE=VERSION asks for one version.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dkvm
state=$cache/apt-arm64

fail() {
    echo "arm64-packages: $*" >&2
    exit 1
}

# apt with lists of its own. What the machine's configuration adds (proxies, mirrors) stays in force; what
# desktops add to the lists (icons, metadata) does not.
apt_arm64() {
    apt-get -qq \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User= \
        -o Dir::State="$state/state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
        -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
        "$@"
}

prepare_state() {
    mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
}

# A source that knows no arm64, or does not answer, is no failure of the others.
fresh_lists() {
    echo "    package lists for arm64"
    apt_arm64 update >"$state/update.log" 2>&1 || true
}

download() {
    (cd "$1" && shift && apt_arm64 download "$@") >"$state/download.log" 2>&1
}

main() {
    [ $# -ge 2 ] || fail "usage: board/arm64-packages.sh DIRECTORY PACKAGE…"
    command -v apt-get >/dev/null || fail "this needs apt, of Debian 12; elsewhere build by 'make cross CROSS=cross'"
    local into=$1
    shift
    mkdir -p "$cache" "$into"
    exec 9>"$cache/apt-arm64.lock"
    flock 9
    prepare_state
    work=$(mktemp -d "$state/debs.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if ! download "$work" "$@"; then
        fresh_lists
        download "$work" "$@" || fail "apt cannot get $* for arm64: $(tail -n 3 "$state/download.log" "$state/update.log")"
    fi
    for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$into"; done
}

main "$@"
