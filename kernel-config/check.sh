#!/usr/bin/env bash
# Does a Linux configuration hold all that an image needs?  kernel-config/check.sh BOARD .config
# Every line of the board's fragments must have survived, and every symbol of required.txt be set.
#   kernel-config/check.sh --fragments BOARD   only lists the board's fragments
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=(usb-gadget capture sound network storage security supervisor watchdog-gpio-leds size)

fail() {
    echo "kernel-config: $*" >&2
    exit 1
}

# scope BOARD: what the lists call it
scope() {
    case $1 in
    rpi4 | zero2w) echo rpi ;;
    qemu) echo qemu ;;
    *) fail "there is no board '$1': rpi4, zero2w, qemu" ;;
    esac
}

fragments() {
    local name
    for name in "${common[@]}" "board-$(scope "$1")"; do echo "$here/$name.fragment"; done
}

# lost FRAGMENT CONFIG: the lines that did not survive
lost() {
    local line name
    while IFS= read -r line; do
        case $line in
        CONFIG_*) grep -qxF -- "$line" "$2" || echo "    ${line} (${1##*/}), but it is: $(grep "^${line%%=*}=" "$2" || echo unset)" ;;
        '# CONFIG_'*' is not set')
            name=${line#\# }
            ! grep "^${name%% *}=" "$2" | sed "s/\$/ (${1##*\/} wants it unset)/; s/^/    /"
            ;;
        esac
    done <"$1"
    return 0
}

# unset_symbols SCOPE CONFIG: required, but neither y nor m
unset_symbols() {
    local boards symbol why
    while read -r boards symbol why; do
        case $boards in '#'* | '') continue ;; esac
        [ "$boards" = all ] || [ "$boards" = "$1" ] || continue
        grep -qE "^CONFIG_$symbol=[ym]" "$2" || echo "    CONFIG_$symbol is not set: $why"
    done <"$here/required.txt"
}

if [ "${1:-}" = --fragments ]; then
    fragments "${2:?a board}"
    exit 0
fi
[ $# = 2 ] || fail "usage: check.sh BOARD .config"
[ -f "$2" ] || fail "there is no file '$2'"
wrong=$(
    for fragment in $(fragments "$1"); do lost "$fragment" "$2"; done
    unset_symbols "$(scope "$1")" "$2"
)
[ -z "$wrong" ] && exit 0
echo "kernel-config: the Linux of $1 ($2) does not hold:" >&2
echo "$wrong" >&2
exit 1
