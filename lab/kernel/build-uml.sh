#!/bin/sh
# Builds the virtual Pi's kernel (User-mode Linux) from Debian's linux-source package into the
# cache, once per machine and per set of inputs. Prints the cache directory on the last line.
#   build-uml.sh          build unless cached
#   build-uml.sh --where  only print where it is or would be
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lab/kernel/once.sh
. "$here/once.sh"

# Raise when build() changes what comes out: part of the cache key.
recipe=1

# Number of lines `make` prints for this configuration: only the progress display needs it.
expected_steps=2330

inputs_hash() {
    { echo "recipe $recipe"; source_version; cat "$here/uml.fragment" "$here"/patches/*.patch; } |
        sha256sum | cut -c1-12
}

show_progress() {
    awk -v total="$expected_steps" -v tty="$1" '
        { n++; p = int(100 * n / total); if (p > 99) p = 99
          if (p == last) next
          last = p
          if (tty) { printf "\r    building the virtual Pi'\''s kernel: %2d %%", p; fflush() }
          else if (p % 10 == 0) { printf "    building the virtual Pi'\''s kernel: %2d %%\n", p; fflush() } }
        END { if (tty) print "" }'
}

build() {
    work=$1
    echo "    about 6 minutes on two cores, once per machine; needs 2 GB in $cache while it runs"
    tar -xf "$tarball" -C "$work"
    cd "$work/linux-source-6.12"
    for p in "$here"/patches/*.patch; do
        patch -s -p1 <"$p"
    done
    make -s ARCH=um x86_64_defconfig
    ARCH=um scripts/kconfig/merge_config.sh -m .config "$here/uml.fragment" >../merge.log
    make -s ARCH=um olddefconfig
    "$here/check-config.sh" "$here/uml.fragment" .config
    # shellcheck disable=SC2015  # the status file stands in for pipefail, which sh lacks
    { nice make ARCH=um -j"$(nproc)" linux modules 2>../make.err && echo ok >../made; } |
        show_progress "$([ -t 1 ] && echo 1 || echo 0)"
    [ -f ../made ] || { tail -n 30 ../make.err >&2; echo "The virtual Pi's kernel did not build; the compiler's last lines are above, the tree is in $work." >&2; exit 1; }
    make -s ARCH=um modules_install INSTALL_MOD_PATH="$work/out" INSTALL_MOD_STRIP=1 >/dev/null
    strip -o "$work/out/linux" linux
    rm -f "$work"/out/lib/modules/*/build "$work"/out/lib/modules/*/source
    cp .config "$work/out/config"
}

once uml linux "$@"
