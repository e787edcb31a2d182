#!/usr/bin/env bash
# Writes an image to a card and places the owner's settings on it: `make flash DEVICE=/dev/sdX BOARD=rpi4`.
#   KEY=file.pub  HOST_NAME=  WIFI_SSID=  WIFI_PASSWORD= (asked when left out)  WIFI_COUNTRY=  ADDRESS=a.b.c.d/n  GATEWAY=
#   IMAGE=file.img   another image than the newest of out/BOARD
# It writes to whole, unmounted, removable disks only, and only after their name was typed again.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$here")
# Where the first partition begins: board/card.sh.
readonly select_offset=1M

board=${BOARD:-} device=${DEVICE:-} image=${IMAGE:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/dkvm-flash.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    echo "flash: $*" >&2
    exit 1
}

column() { lsblk -dnro "$1" "$device" | head -n 1; }

find_image() {
    local tool
    for tool in lsblk dd cmp mcopy mtype blockdev; do
        command -v "$tool" >/dev/null || fail "$tool is missing: on Debian 'lab/setup.sh image' installs it"
    done
    [ -n "$image" ] || [ -n "$board" ] || fail "which board? make flash BOARD=rpi4 or zero2w DEVICE=$device"
    [ -n "$image" ] || image=$(find "$repository/out/$board" -maxdepth 1 -name "dkvm-$board-*.img" -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-)
    [ -n "$image" ] || fail "there is no image for '$board' yet: make image BOARD=$board"
    [ -f "$image" ] || fail "there is no image '$image'"
}

show_candidates() {
    echo "Removable disks here:" >&2
    lsblk -dnpo NAME,SIZE,MODEL,RM,TRAN,TYPE | awk '$NF == "disk" && (/ 1 / || /usb/ || /mmcblk/) { print "    " $0; n++ } END { if (!n) print "    none" }' >&2
}

# Loop devices are for the tests of this script alone.
is_removable() {
    [ "$(column TYPE)" = loop ] && return
    [ "$(column RM)" = 1 ] || [ "$(column TRAN)" = usb ] || [[ $(basename "$device") == mmcblk* ]]
}

check_device() {
    local kind mounted inside
    [ -n "$device" ] || { show_candidates; fail "which card? make flash DEVICE=/dev/sdX"; }
    [ -e "$device" ] || { show_candidates; fail "there is no '$device'"; }
    device=$(readlink -f "$device")
    [ -b "$device" ] || fail "$device is no disk"
    kind=$(column TYPE)
    case $kind in
    disk) ;;
    loop) [ "${DKVM_FLASH_ALLOW_LOOP:-}" = 1 ] || fail "$device is a loop device, no card" ;;
    part) fail "$device is a partition: give the whole disk, /dev/$(lsblk -dnro PKNAME "$device")" ;;
    *) fail "$device is no disk but of the kind '$kind'" ;;
    esac
    is_removable || fail "$device ($(column MODEL), $(column SIZE)) is built into this machine: only removable disks are written"
    mounted=$(lsblk -nro MOUNTPOINTS "$device" | sed '/^$/d; s/\\x0a/ /g' | sort -u | paste -sd' ')
    [ -z "$mounted" ] || fail "$device is in use at $mounted: unmount it first"
    inside=$(lsblk -nro TYPE "$device" | grep -vxE 'disk|part|loop' | sort -u | paste -sd' ' || true)
    [ -z "$inside" ] || fail "$device carries something that is in use ($inside): take it out of use first"
    [ -w "$device" ] || fail "$device may not be written by this user: use sudo"
}

check_size() {
    local has wants
    has=$(blockdev --getsize64 "$device") wants=$(stat -Lc %s "$image")
    [ "$has" -ge "$wants" ] ||
        fail "$device is too small: the image has $((wants / 1000000)) MB and it $((has / 1000000)) MB. A card of 1 GB or more does"
}

# quoted TEXT: as TOML writes it
quoted() {
    local text=$1
    [[ $text != *[[:cntrl:]]* ]] || fail "a setting has a control character in it: '$text'"
    text=${text//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# set_line KEY VALUE: takes the remark from the template's first line with this key and gives it the value
set_line() {
    KEY_NAME=$1 VALUE=$2 awk '
        !done && $0 ~ "^#" ENVIRON["KEY_NAME"] " *=" { print ENVIRON["KEY_NAME"] " = " ENVIRON["VALUE"]; done = 1; next }
        { print }
        END { exit !done }' "$work/dkvm.txt" >"$work/dkvm.new" || fail "the dkvm.txt of this image has no line for '$1'"
    mv "$work/dkvm.new" "$work/dkvm.txt"
}

read_key() {
    local file=${KEY/#\~/$HOME} key
    [ -f "$file" ] || fail "there is no key file '$file'"
    if grep -q 'PRIVATE KEY' "$file"; then fail "'$file' is the private half: give the file that ends in .pub"; fi
    key=$(grep -m 1 -E '^(ssh-|ecdsa-|sk-)[^ ]+ +[A-Za-z0-9+/=]+' "$file") || fail "'$file' holds no public SSH key"
    printf '%s' "$key"
}

ask_wifi_password() {
    [ -z "${WIFI_SSID:-}" ] || [ -n "${WIFI_PASSWORD:-}" ] || {
        read -rsp "Password of the Wi-Fi '$WIFI_SSID': " WIFI_PASSWORD || fail "no Wi-Fi password was given"
        echo
    }
    [ -z "${WIFI_SSID:-}" ] || { [ ${#WIFI_PASSWORD} -ge 8 ] && [ ${#WIFI_PASSWORD} -le 63 ]; } || fail "a Wi-Fi password has 8 to 63 characters"
}

# All that can be wrong with the settings is found before anything is written.
prepare_settings() {
    local key
    mtype -i "$image@@$select_offset" ::/dkvm.txt >"$work/dkvm.txt" 2>/dev/null || fail "'$image' is no image of a dKVM: its first partition has no dkvm.txt"
    if [ -n "${HOST_NAME:-}" ]; then
        [[ $HOST_NAME =~ ^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$ ]] || fail "'$HOST_NAME' is no host name: letters, digits and hyphens, 63 at most"
        set_line host_name "$(quoted "$HOST_NAME")"
    fi
    if [ -n "${KEY:-}" ]; then
        key=$(read_key)
        set_line ssh_key "$(quoted "$key")"
    fi
    if [ -n "${ADDRESS:-}" ]; then
        [[ $ADDRESS =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$ ]] || fail "'$ADDRESS' is no address: write it as 192.168.1.50/24"
        set_line address "$(quoted "$ADDRESS")"
    fi
    if [ -n "${GATEWAY:-}" ]; then set_line gateway "$(quoted "$GATEWAY")"; fi
    ask_wifi_password
    if [ -n "${WIFI_SSID:-}" ]; then
        set_line ssid "$(quoted "$WIFI_SSID")"
        set_line password "$(quoted "$WIFI_PASSWORD")"
    fi
    if [ -n "${WIFI_COUNTRY:-}" ]; then set_line country "$(quoted "$WIFI_COUNTRY")"; fi
}

confirm() {
    local typed name
    name=$(basename "$device")
    echo "This will be overwritten, all of it:"
    lsblk -o NAME,SIZE,MODEL,FSTYPE,LABEL "$device" | sed 's/^/    /'
    echo "with $(basename "$image") ($(($(stat -Lc %s "$image") / 1000000)) MB)."
    [ -n "${KEY:-}" ] || echo "No KEY was given: there will be no SSH until dkvm.txt on the card names one."
    read -rp "Type its name ($name) to go on: " typed || typed=
    [ "$typed" = "$name" ] || fail "'$typed' is not '$name': nothing was written"
}

write_image() {
    local size
    size=$(stat -Lc %s "$image")
    echo "Writing ..."
    dd if="$image" of="$device" bs=4M conv=fsync,notrunc status=progress || fail "$device could not be written: it may be write-protected or broken"
    blockdev --flushbufs "$device"
    echo "Reading back ..."
    cmp -n "$size" "$image" "$device" || fail "$device does not hold what was written: use another card"
}

place_settings() {
    mcopy -o -i "$device@@$select_offset" "$work/dkvm.txt" ::/dkvm.txt || fail "dkvm.txt could not be written to the card; everything else is on it"
    sync "$device"
    blockdev --flushbufs "$device"
    mtype -i "$device@@$select_offset" ::/dkvm.txt | cmp -s - "$work/dkvm.txt" || fail "the card does not hold the settings that were written: use another card"
}

check_device
find_image
check_size
prepare_settings
confirm
write_image
place_settings
echo "Done: take the card out and put it into the Pi."
