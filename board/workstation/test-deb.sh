#!/usr/bin/env bash
# Installs the package into a root of its own, as dpkg does it, checks what it brought, runs it as a plain user with an X server
# without a screen, and purges it again: nothing may be left.
#   board/workstation/test-deb.sh [PACKAGE]   without one it makes the package of the binaries in DKVM_BIN_DIR
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# dpkg wants ldconfig and start-stop-daemon, which a plain user's PATH does not have.
export PATH=$PATH:/usr/sbin:/sbin
# The devices come up in seconds; a machine with other work takes longer, and one that hangs is to be told.
PATIENCE_S=60

work=$(mktemp -d)
chmod 755 "$work"
xvfb='' kernel=''

fail() {
    echo "test-deb: $*" >&2
    [ ! -e "$work/kernel.log" ] || tail -n 30 "$work/kernel.log" >&2
    exit 1
}

# So long a process may take that was told to end; one that hangs is killed.
ends() {
    for _ in $(seq $((PATIENCE_S * 10))); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null
    return 1
}

clean_up() {
    for process in $kernel $xvfb; do
        kill "$process" 2>/dev/null || true
        ends "$process" || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

# dpkg with a database of its own; what the package needs of Debian is this machine's.
in_root() { dpkg --root="$work/root" --force-not-root --force-depends --force-script-chrootless --log=/dev/null "$@" >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log" >&2; fail "dpkg $1 failed; its message is above"; }; }

# Root's kernel would want users that only the Pi has. No function, so that what is started is the process itself.
plainly=()
[ "$(id -u)" != 0 ] || plainly=(setpriv --reuid=65534 --regid=65534 --clear-groups)

install_it() {
    mkdir -p "$work/root/var/lib/dpkg/info" "$work/root/var/lib/dpkg/updates"
    : >"$work/root/var/lib/dpkg/status"
    in_root --install "$package"
    dpkg-deb --contents "$package" | awk '{ print $1, $2 }' | sort -u | grep -v ' root/root$' && fail 'files of others than root are in it'
    [ "$(dpkg-query --root="$work/root" -W -f='${db:Status-Abbrev}' dkvm)" = 'ii ' ] || fail 'it is not installed after its installation'
    [ -x "$work/root/usr/bin/dkvm" ] || fail '/usr/bin/dkvm leads nowhere'
    verify_unit
}

verify_unit() {
    if ! command -v systemd-analyze >/dev/null; then
        step 'systemd is not on this machine, so its unit is not verified here'
        return 0
    fi
    # Where its program will be there is none yet.
    if systemd-analyze --user verify "$work/root/usr/lib/systemd/user/dkvm.service" 2>&1 | grep 'dkvm.service' | grep -v 'is not executable'; then
        fail 'systemd does not like the unit; its words are above'
    fi
}

start_x() {
    Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp -noreset 3>"$work/display" 2>/dev/null &
    xvfb=$!
    for _ in $(seq $((PATIENCE_S * 10))); do
        [ -s "$work/display" ] && return 0
        sleep 0.1
    done
    fail 'Xvfb does not start: lab/setup.sh installs it'
}

# As a person's session would, with the configuration that the package brought as the person's own.
run_it() {
    local home=$work/home own
    mkdir -p "$home/.config/dkvm" "$home/run"
    # Beside this one a node, or another run of this, may have the usual port.
    # Whoever may read this machine's keyboards is not to have them read.
    own=$home/.config/dkvm/dkvm.toml
    sed -e 's|^# listen = .*|listen = "[::]:0"|' -e 's|^backend = "names".*|&\nmdns = false|' -e 's|^\[device.input.config\]$|&\nbackend = "dummy"|' \
        "$work/root/etc/dkvm/dkvm.toml" >"$own"
    for line in 'listen = "[::]:0"' 'mdns = false' 'backend = "dummy"'; do
        grep -qxF "$line" "$own" || fail "its configuration has no place for '$line' any more: follow it in run_it"
    done
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$home"
    person=("${plainly[@]}" env -i "PATH=/usr/bin:/bin" "HOME=$home" "XDG_RUNTIME_DIR=$home/run" "DISPLAY=:$(cat "$work/display")")
    "${person[@]}" "$work/root/usr/bin/dkvm" check "$own" >/dev/null || fail 'its configuration is wrong; the mistakes are above'
    "${person[@]}" "$work/root/usr/bin/dkvm" kernel --user >"$work/kernel.log" 2>&1 &
    kernel=$!
}

up() {
    "${person[@]}" "$work/root/usr/bin/dkvm" --socket "$work/home/run/dkvm/kernel.sock" ps --json 2>"$work/ps.err" >"$work/ps.json" || return 1
    python3 - "$work/ps.json" <<'PYTHON'
import json, sys
devices = {device["name"]: device["phase"] for device in json.load(open(sys.argv[1]))["devices"]}
for name in ("mic", "camera", "encode"):
    devices.pop(name, None)  # a person switches them on
wrong = {name: phase for name, phase in devices.items() if phase not in ("running", "degraded")}
sys.exit(f"not up: {wrong}" if wrong or "screen" not in devices else 0)
PYTHON
}

await_up() {
    for _ in $(seq $((PATIENCE_S * 2))); do
        kill -0 "$kernel" 2>/dev/null || fail 'the kernel has ended'
        up 2>"$work/up.err" && return 0
        sleep 0.5
    done
    cat "$work/up.err" "$work/ps.err" >&2
    fail "its devices are not up after ${PATIENCE_S} s; what the kernel said last is"
}

stop_it() {
    kill -TERM "$kernel"
    ends "$kernel" || fail "the kernel has not ended ${PATIENCE_S} s after it was told to"
    wait "$kernel" || fail 'the kernel ended with a failure'
    kernel=''
}

purge_it() {
    in_root --purge dkvm
    local left
    left=$(find "$work/root" -path "$work/root/var/lib/dpkg" -prune -o \( -type f -o -type l \) -print)
    [ -z "$left" ] || fail "a purge leaves: $left"
}

step() { echo "test-deb: $*"; }
package=${1:-}
if [ -z "$package" ]; then
    step 'making the package'
    package=$(LEVEL=0 "$here/deb.sh" "$work")
fi
step 'installing it into a root of its own'
install_it
start_x
step 'running it as a plain user'
run_it
await_up
stop_it
step 'purging it'
purge_it
step "holds: $(basename "$package")"
