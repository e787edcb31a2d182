#!/bin/sh
# Sourced by what makes one of the lab's Linux kernels: it is made into the cache, once per machine and per set of inputs.

# shellcheck disable=SC2034  # for those who source this
tarball=/usr/src/linux-source-6.12.tar.xz
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dkvm

# The lab's two Linux kernels for the Pi are of one version.
source_version() {
    dpkg-query -W -f='${Version}' linux-source-6.12 2>/dev/null || echo none
}

# once NAME FILE [--where]: prints, on the last line, the directory of the cache for what `inputs_hash` says. Unless FILE is
# in it, or only `--where` is asked, `build WORK` makes it, in WORK/out.
once() {
    where=$cache/$1-$(inputs_hash)
    if [ "${3:-}" = --where ] || [ -e "$where/$2" ]; then
        echo "$where"
        return
    fi
    [ -f "$tarball" ] || { echo "$tarball is missing: install it with 'lab/setup.sh'." >&2; exit 1; }
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
    # Somebody else may have made it meanwhile.
    if [ ! -e "$where/$2" ]; then
        work=$cache/$1-build
        rm -rf "$work"
        mkdir -p "$work/out"
        build "$work"
        mv "$work/out" "$where"
        rm -rf "$work"
    fi
    echo "$where"
}
