#!/usr/bin/env bash
# Buildroot runs this on the finished root, before it is packed.  post-build.sh TARGET_DIR BOARD
# From board/image.sh: DKVM_IMAGE_VERSION, DKVM_IMAGE_BUILD, DKVM_UPDATE_PUBLIC (a file; may be empty).
set -euo pipefail
export LC_ALL=C
target=$1 board=$2
common=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$common/../.." && pwd)

fail() {
    echo "post-build: $*" >&2
    exit 1
}

# Which image this is: firmware/boot reads it.
write_release() {
    printf 'board=%s\nversion=%s\nbuild=%s\n' "$board" "${DKVM_IMAGE_VERSION:-0.0.0}" "${DKVM_IMAGE_BUILD:-unknown}" >"$target/etc/dkvm/release"
}

# Only updates signed by this key are taken; without one, none.
write_update_key() {
    [ -z "${DKVM_UPDATE_PUBLIC:-}" ] || install -m 644 "$DKVM_UPDATE_PUBLIC" "$target/etc/dkvm/update.pub"
}

# Nobody has a password, root least of all.
lock_accounts() {
    cut -d: -f1 "$target/etc/passwd" | sed 's/$/:*:::::::/' >"$target/etc/shadow"
    chmod 600 "$target/etc/shadow"
    rm -f "$target/etc/shadow-" "$target/etc/passwd-" "$target/etc/group-"
    if grep -q '^root:[^x*!]' "$target/etc/passwd"; then fail "root has a password in $target/etc/passwd"; fi
    if grep -q getty "$target/etc/inittab"; then fail "the inittab starts a getty: nobody logs in on a console"; fi
}

# A package's own start scripts and pages for people have no place here.
remove_unused() {
    local script
    for script in "$target"/etc/init.d/*; do
        [ -e "$script" ] || continue
        [ -e "$repository/rootfs/etc/init.d/${script##*/}" ] || rm -f "$script"
    done
    rm -rf "$target"/usr/share/{man,doc,info,locale,bash-completion} "$target/etc/profile.d" \
        "$target"/etc/libnl* "$target/etc/wpa_supplicant.conf" "$target"/etc/mke2fs.conf.*-old "$target"/usr/lib/{systemd,tmpfiles.d,sysusers.d} "$target/usr/share/et" "$target/usr/share/ss" "$target/var/www"
    rm -f "$target"/{bin,sbin,usr/bin,usr/sbin}/{e2freefrag,e4crypt,e2undo,e2label,filefrag,logsave,chattr,lsattr,mklost+found,badblocks,dumpe2fs,compile_et,mk_cmds,uuidgen,nl-*,genl-ctrl-list,idiag-socket-details} \
        "$target/sbin/fsck" "$target"/usr/lib/lib{nl-nf-3,nl-xfrm-3,nl-idiag-3,nl-route-3,atopology}.so*
}

# Before the kernel, when /dev is there; the overlays come anew at each build, so no line is added twice.
add_board() {
    local lines=$common/../$board/inittab.add kernel='^::respawn:/usr/bin/dkvm kernel'
    [ -f "$lines" ] || return 0
    grep -q "$kernel" "$target/etc/inittab" || fail "the inittab has no line for the dKVM kernel"
    { sed "/${kernel//\//\\/}/,\$d" "$target/etc/inittab"; cat "$lines"; sed -n "/${kernel//\//\\/}/,\$p" "$target/etc/inittab"; } >"$target/etc/inittab.new"
    mv "$target/etc/inittab.new" "$target/etc/inittab"
}

# The root is read-only: what is mounted over must be there already.
make_mount_points() {
    mkdir -p "$target"/{dev,proc,sys,run,tmp,mnt,root,boot} "$target"/var/lib/dkvm
}

# Keeps the modules of the board's list with what they need: the Pi's own configuration builds thousands.
prune_modules() {
    local list=$common/../$board/modules.txt version kept
    [ -f "$list" ] || return 0
    version=$(basename "$target"/lib/modules/*)
    kept=$(mktemp)
    sed 's/#.*//' "$list" | while read -r module; do
        [ -n "$module" ] || continue
        modprobe -S "$version" -d "$target" --show-depends "$module" >"$kept.one" 2>/dev/null ||
            fail "the module $module of $list is not in this kernel"
        sed -n 's/^insmod \([^ ]*\).*/\1/p' "$kept.one" >>"$kept"
    done
    find "$target/lib/modules/$version" -name '*.ko*' | grep -vxFf <(sort -u "$kept") | xargs -r rm -f
    find "$target/lib/modules/$version" -type d -empty -delete
    rm -f "$kept" "$kept.one"
    depmod -b "$target" "$version"
}

check_kernel() {
    local config
    config=$(find "${BUILD_DIR:?}" -maxdepth 2 -path '*/linux-*/.config' ! -path '*headers*' | head -n 1)
    [ -n "$config" ] || fail "there is no Linux configuration below $BUILD_DIR"
    "$repository/kernel-config/check.sh" "$board" "$config"
}

check_kernel
write_release
write_update_key
lock_accounts
remove_unused
add_board
make_mount_points
prune_modules
