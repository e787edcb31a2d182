#!/usr/bin/env bash
# Writes an image to a card and places the owner's settings on it: `make flash DEVICE=/dev/sdX BOARD=rpi4`.
#   KEY=file.pub  HOST_NAME=  WIFI_SSID=  WIFI_PASSWORD= (asked when left out; set but empty: an open Wi-Fi)  WIFI_COUNTRY=
#   ADDRESS=a.b.c.d/n  GATEWAY=   IPv4 or IPv6
#   IMAGE=file.img   another image than the newest of out/BOARD
# It writes to whole, unmounted, removable disks only, and only after their name was typed again.
# No `fail` in a $( ): it would end the subshell alone.
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
    [ -n "$image" ] || image=$(find "$repository/out/$board" -maxdepth 1 -name "dkvm-$board-*.img" -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2- || true)
    [ -n "$image" ] || fail "there is no image for '$board' yet: make image BOARD=$board"
    [ -f "$image" ] || fail "there is no image '$image'"
}

show_candidates() {
    local device any=
    echo "Removable disks here:" >&2
    for device in $(lsblk -dnpro NAME,TYPE | awk '$2 == "disk" { print $1 }'); do
        is_removable || continue
        any=1
        lsblk -dnpo NAME,SIZE,MODEL,TRAN "$device" | sed 's/^/    /' >&2
    done
    [ -n "$any" ] || echo "    none" >&2
}

# Loop devices are for the tests of this script alone. An MMC that is no SD is soldered in.
is_removable() {
    [ "$(column TYPE)" = loop ] && return
    [ "$(column RM)" = 1 ] || [ "$(column TRAN)" = usb ] ||
        [ "$(cat "/sys/block/$(basename "$device")/device/type" 2>/dev/null)" = SD ]
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
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# set_line KEY VALUE: takes the remark from the template's first line with this key and gives it the value; its end stays
set_line() {
    [[ $2 != *[[:cntrl:]]* ]] || fail "the value for '$1' has a control character in it"
    KEY_NAME=$1 VALUE=$(quoted "$2") awk '
        !done && $0 ~ "^#" ENVIRON["KEY_NAME"] " *=" { print ENVIRON["KEY_NAME"] " = " ENVIRON["VALUE"] (/\r$/ ? "\r" : ""); done = 1; next }
        { print }
        END { exit !done }' "$work/dkvm.txt" >"$work/dkvm.new" || fail "the dkvm.txt of this image has no line for '$1'"
    mv "$work/dkvm.new" "$work/dkvm.txt"
}

set_key() {
    local kind='(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)'
    local file=${KEY/#\~/$HOME} key
    [ -f "$file" ] || fail "there is no key file '$file'"
    if grep -q 'PRIVATE KEY' "$file"; then fail "'$file' is the private half: give the file that ends in .pub"; fi
    key=$(grep -m 1 -E "^$kind +([A-Za-z0-9+/]{4}){16,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?([[:space:]]|\$)" "$file") ||
        fail "'$file' holds no public SSH key that a node takes"
    # A file of Windows ends its lines with it.
    set_line ssh_key "${key%$'\r'}"
}

# groups_of ADDRESS: `groups` are its parts of 16 bits then, two of IPv4 and eight of IPv6
groups_of() {
    local octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])' some='([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?' gap group before after
    groups=()
    if [[ $1 =~ ^$octet\.$octet\.$octet\.$octet$ ]]; then
        groups=($((BASH_REMATCH[1] << 8 | BASH_REMATCH[2])) $((BASH_REMATCH[3] << 8 | BASH_REMATCH[4])))
        return 0
    fi
    [[ $1 =~ ^$some(::$some)?$ ]] || return 1
    gap=${BASH_REMATCH[3]}
    IFS=: read -ra before <<<"${BASH_REMATCH[1]}"
    IFS=: read -ra after <<<"${BASH_REMATCH[4]}"
    for group in "${before[@]}"; do groups+=($((16#$group))); done
    if [ -n "$gap" ]; then
        # `::` stands for one at least.
        groups+=(0)
        while [ $((${#groups[@]} + ${#after[@]})) -lt 8 ]; do groups+=(0); done
    fi
    for group in "${after[@]}"; do groups+=($((16#$group))); done
    [ ${#groups[@]} = 8 ]
}

# No machine on a network has such `groups`: none, loopback, multicast.
is_nobody() {
    case "${groups[*]}" in
    '0 0' | '0 0 0 0 0 0 0 0' | '0 0 0 0 0 0 0 1') return 0 ;;
    esac
    case ${#groups[@]} in
    2) [ $((groups[0] >> 8)) = 127 ] || [ $((groups[0] >> 12)) = 14 ] ;;
    *) [ $((groups[0] >> 8)) = 255 ] ;;
    esac
}

# is_near PREFIX GROUP...: are `groups` in the network of this address?
is_near() {
    local bits=$1 own=("${@:2}") i host
    [ ${#groups[@]} = ${#own[@]} ] || return 1
    # An IPv6 address of the link is near to every other.
    if [ ${#groups[@]} = 8 ] && [ $((groups[0] >> 6)) = $((0xfe80 >> 6)) ]; then return 0; fi
    for ((i = 0; bits > 0; i++, bits -= 16)); do
        host=$((bits < 16 ? 16 - bits : 0))
        [ $((groups[i] >> host)) = $((own[i] >> host)) ] || return 1
    done
}

# What firmware/boot does not take would be told on a page that nobody reaches then.
set_network() {
    local groups prefix own
    [ -n "${ADDRESS:-}" ] || [ -z "${GATEWAY:-}" ] || fail "GATEWAY is for a fixed ADDRESS: DHCP tells its own"
    [ -n "${ADDRESS:-}" ] || return 0
    prefix=${ADDRESS##*/}
    { groups_of "${ADDRESS%/*}" && [[ $prefix =~ ^[1-9][0-9]{0,2}$ ]] && [ "$prefix" -le $((${#groups[@]} * 16)) ]; } ||
        fail "'$ADDRESS' is no address: write it as 192.168.1.50/24"
    if is_nobody; then fail "no machine can have the address '$ADDRESS'"; fi
    set_line address "$ADDRESS"
    [ -n "${GATEWAY:-}" ] || return 0
    own=("${groups[@]}")
    groups_of "$GATEWAY" || fail "'$GATEWAY' is no address of a gateway: write it as 192.168.1.1"
    if is_nobody || ! is_near "$prefix" "${own[@]}"; then fail "the gateway '$GATEWAY' is not in the network of '$ADDRESS'"; fi
    set_line gateway "$GATEWAY"
}

# No message shows a password.
set_wifi() {
    local phrase='^[ -~]{8,63}$' raw='^[0-9A-Fa-f]{64}$'
    [[ ${WIFI_COUNTRY:-DE} =~ ^[A-Za-z]{2}$ ]] || fail "'$WIFI_COUNTRY' is no country: write its two letters, such as DE"
    [ -z "${WIFI_COUNTRY:-}" ] || set_line country "$WIFI_COUNTRY"
    [ -n "${WIFI_SSID:-}" ] || return 0
    [ ${#WIFI_SSID} -le 32 ] || fail "the name of a Wi-Fi has at most 32 bytes"
    set_line ssid "$WIFI_SSID"
    if [ -z "${WIFI_PASSWORD+set}" ]; then
        IFS= read -rsp "Password of the Wi-Fi '$WIFI_SSID' (nothing: it is open): " WIFI_PASSWORD || fail "no Wi-Fi password was given"
        echo
    fi
    [ -n "$WIFI_PASSWORD" ] || return 0
    [[ $WIFI_PASSWORD =~ $phrase || $WIFI_PASSWORD =~ $raw ]] ||
        fail "a Wi-Fi password has 8 to 63 characters of ASCII, or it is a key of 64 hexadecimal digits"
    set_line password "$WIFI_PASSWORD"
}

# All that can be wrong with the settings is found before anything is written.
prepare_settings() {
    mtype -i "$image@@$select_offset" ::/dkvm.txt >"$work/dkvm.txt" 2>/dev/null || fail "'$image' is no image of a dKVM: its first partition has no dkvm.txt"
    if [ -n "${HOST_NAME:-}" ]; then
        [[ $HOST_NAME =~ ^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$ ]] || fail "'$HOST_NAME' is no host name: letters, digits and hyphens, 63 at most"
        set_line host_name "$HOST_NAME"
    fi
    [ -z "${KEY:-}" ] || set_key
    set_network
    set_wifi
}

confirm() {
    local typed name
    name=$(basename "$device")
    echo "This will be overwritten, all of it:"
    lsblk -o NAME,SIZE,MODEL,FSTYPE,LABEL "$device" | sed 's/^/    /'
    echo "with $(basename "$image") ($(($(stat -Lc %s "$image") / 1000000)) MB)."
    [ -n "${KEY:-}" ] || echo "No KEY was given: there will be no SSH until dkvm.txt on the card names one."
    [ -z "${WIFI_SSID:-}" ] || [ -n "$WIFI_PASSWORD" ] || echo "The Wi-Fi '$WIFI_SSID' is taken for an open one: no password."
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
