#!/bin/sh
# The virtual lab's one entry.
#   lab/run.sh                 lists the scenarios
#   lab/run.sh SCENARIO        runs one; exits 0 only if it holds; its figure is on the last line
#   lab/run.sh bench [NAME…]   runs the benchmarks
#   lab/run.sh run             boots both machines for a person; Ctrl-C ends all
# Everything runs in namespaces of its own: no root is needed, nothing touches this machine's
# network, and when this script ends, however it ends, everything that it started ends.
set -eu
lab=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "lab: $*" >&2
    exit 1
}

command -v node >/dev/null || fail "node is missing: run 'lab/setup.sh'"
[ -d "$lab/node_modules/tsx" ] || fail "the runner's packages are missing: run 'lab/setup.sh'"
cd "$lab"
main="node --import tsx src/main.ts"
[ "${1:-list}" != list ] || exec $main list

for program in qemu-system-x86_64 unshare setpriv ip flock; do
    command -v "$program" >/dev/null || fail "$program is missing: run 'lab/setup.sh'"
done

user_namespace=
[ "$(id -u)" = 0 ] || user_namespace="--user --map-root-user"
# shellcheck disable=SC2086
unshare $user_namespace --net --pid --fork true 2>/dev/null ||
    fail "this user may not make namespaces: allow it with 'sudo sysctl kernel.unprivileged_userns_clone=1', or run as root"

# One directory per run. Its lock is held while the run lives, so an unlocked one is a leftover.
base=${TMPDIR:-/tmp}
for old in "$base"/dkvm-lab.*; do
    [ -O "$old/lock" ] || continue
    if flock -n "$old/lock" true; then rm -rf "$old"; fi
done
work=$(mktemp -d "$base/dkvm-lab.XXXXXX")
exec 9>"$work/lock"
flock 9

children=
cleanup() {
    status=$?
    trap - EXIT INT TERM HUP
    for child in $children; do kill -KILL "$child" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# If this script is killed outright, setpriv has the kernel kill unshare, and with it everything.
# shellcheck disable=SC2086
setpriv --pdeathsig KILL unshare $user_namespace --net --pid --fork --kill-child --mount-proc \
    env DKVM_LAB_WORK="$work" $main "$@" 9>&- &
lab_pid=$!
children=$lab_pid

if [ "$1" = run ]; then
    port=8443
    while ! node src/free-port.mjs "$port"; do port=$((port + 1)); done
    echo "$port" >"$work/port"
    setpriv --pdeathsig KILL socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "UNIX-CONNECT:$work/https.sock" 2>/dev/null 9>&- &
    children="$children $!"
fi
wait "$lab_pid"
