#!/usr/bin/env bash
# Assembles a card image as docs/design.md, "The card", says. The same bytes for the same input.
#   board/card.sh --board NAME --boot DIR --root FILE.squashfs --out FILE.img [options]
#     --select DIR       what a person sees on the first partition  (board/common/select)
#     --select-size, --boot-size, --slot-size, --data-size SIZE     (16M, 64M, 128M, 4M)
#   The boot image as an update carries it, boot.vfat, lies beside FILE.img afterwards.
# SOURCE_DATE_EPOCH is the time that every file on the card carries; without it, 2025-01-01.
set -euo pipefail
export LC_ALL=C TZ=UTC
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1735689600}
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

readonly disk_signature=644b564d
readonly sector=512
# A boot image is cut after its last block of this size that holds anything.
readonly cut_block=65536

fail() {
    echo "card: $*" >&2
    exit 1
}

board='' boot='' root='' out='' select=$here/common/select
select_size=16M boot_size=64M slot_size=128M data_size=4M
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "the option $1 wants a value"
    case $1 in
    --board) board=$2 ;;
    --boot) boot=$2 ;;
    --root) root=$2 ;;
    --out) out=$2 ;;
    --select) select=$2 ;;
    --select-size) select_size=$2 ;;
    --boot-size) boot_size=$2 ;;
    --slot-size) slot_size=$2 ;;
    --data-size) data_size=$2 ;;
    *) fail "there is no option $1; the head of $0 lists them" ;;
    esac
    shift 2
done

# bytes SIZE: 4M and the like as a number
bytes() {
    numfmt --from=iec "$1" 2>/dev/null || fail "'$1' is no size: write 4M, 512K or a number of bytes"
}

check_input() {
    local tool
    for tool in genimage mkfs.vfat mcopy mmd cmp; do
        command -v "$tool" >/dev/null || fail "$tool is missing: install genimage, dosfstools and mtools"
    done
    if [ -z "$board" ] || [ -z "$boot" ] || [ -z "$root" ] || [ -z "$out" ]; then fail "--board, --boot, --root and --out are wanted"; fi
    [ -d "$boot" ] || fail "there is no directory '$boot' of boot files"
    [ -d "$select" ] || fail "there is no directory '$select' for the first partition"
    [ -f "$root" ] || fail "there is no root image '$root'"
    [ "$(stat -Lc %s "$root")" -le "$(bytes "$slot_size")" ] ||
        fail "the root image has $(stat -Lc %s "$root") bytes and a slot $(bytes "$slot_size"): leave something out, or make the slots larger for all boards"
}

# fat IMAGE SIZE LABEL ID DIR: FAT16 with the files of DIR in the order of their names
fat() {
    local image=$1 size=$2 label=$3 id=$4 source=$5
    rm -f "$image"
    truncate -s "$size" "$image"
    mkfs.vfat --invariant -F 16 -n "$label" -i "$id" "$image" >/dev/null || fail "the FAT image $label could not be made"
    find "$source" -mindepth 1 -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    copy_in_order "$image" "$source" || fail "the files of '$source' do not fit on $label ($size bytes)"
}

# In the order of their names: mcopy -s takes a directory in the order of the disk.
copy_in_order() {
    local image=$1 source=$2 path
    (cd "$source" && find . -mindepth 1 -printf '%P\0' | sort -z) | while IFS= read -r -d '' path; do
        if [ -d "$source/$path" ]; then
            mmd -i "$image" "::/$path" </dev/null || return 1
        else
            mcopy -m -i "$image" "$source/$path" "::/$path" </dev/null || return 1
        fi
    done
}

# One sector of constant length, so that a commit is one write: docs/design.md.
check_autoboot() {
    [ -f "$1" ] || cp "$here/common/select/autoboot.txt" "$1"
    [ "$(stat -c %s "$1")" = "$sector" ] || fail "autoboot.txt has $(stat -c %s "$1") bytes and must have $sector: pad it with a remark"
}

# The Zero 2W reads its first stage from the first partition, and nothing else there.
add_first_stage() {
    [ "$board" = zero2w ] || return 0
    [ -f "$boot/bootcode.bin" ] || fail "the boot files of a Zero 2W need bootcode.bin, and '$boot' has none"
    cp "$boot/bootcode.bin" "$1/"
    : >"$1/config.txt"
}

# cut IMAGE: ends it after its last block that is not all zero
cut() {
    local end
    end=$(stat -c %s "$1")
    while [ "$end" -gt 0 ] && cmp -s -n "$cut_block" -i "$((end - cut_block)):0" "$1" /dev/zero; do
        end=$((end - cut_block))
    done
    truncate -s "$end" "$1"
}

# FAT16 under the type that Raspberry Pi OS has always used for it (0c).
write_layout() {
    cat <<EOF
image card.img {
	hdimage {
		partition-table-type = "mbr"
		disk-signature = 0x$disk_signature
		extended-partition = 4
		align = 1M
	}
	partition select { partition-type = 0x0c bootable = true image = "select.vfat" size = $(bytes "$select_size") }
	partition boot-a { partition-type = 0x0c image = "boot-a.vfat" size = $(bytes "$boot_size") }
	partition boot-b { partition-type = 0x0c image = "boot-b.vfat" size = $(bytes "$boot_size") }
	partition root-a { partition-type = 0x83 image = "root.squashfs" size = $(bytes "$slot_size") }
	partition root-b { partition-type = 0x83 image = "empty" size = $(bytes "$slot_size") }
	partition data { partition-type = 0xda image = "empty" size = $(bytes "$data_size") }
}
EOF
}

check_input
out=$(realpath -m "$out")
work=$(mktemp -d "${TMPDIR:-/tmp}/dkvm-card.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{select,boot,empty,in,root} "$(dirname "$out")"
cp -RL "$select/." "$work/select/"
cp -RL "$boot/." "$work/boot/"
add_first_stage "$work/select"
check_autoboot "$work/select/autoboot.txt"
cp -L "$root" "$work/in/root.squashfs"
: >"$work/in/empty"

fat "$work/in/select.vfat" "$(bytes "$select_size")" DKVM 644b5601 "$work/select"
fat "$work/in/boot-a.vfat" "$(bytes "$boot_size")" BOOT-A 644b5602 "$work/boot"
fat "$work/in/boot-b.vfat" "$(bytes "$boot_size")" BOOT-B 644b5603 "$work/empty"
fat "$work/boot.vfat" "$(bytes "$boot_size")" DKVM-BOOT 644b5604 "$work/boot"
cut "$work/boot.vfat"

write_layout >"$work/genimage.cfg"
genimage --rootpath "$work/root" --tmppath "$work/tmp" --inputpath "$work/in" --outputpath "$work" \
    --config "$work/genimage.cfg" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "genimage could not lay out the card; its message is above"; }
cp --sparse=always "$work/card.img" "$out"
cp "$work/boot.vfat" "$(dirname "$out")/boot.vfat"
