#!/bin/sh
# Builds the lab's programs for the aarch64 Pi (agent, cables) into lab/build/arm64. A second run takes no time.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$("$here/build-pi.sh" --where)/root
libraries=$root/usr/lib/aarch64-linux-gnu
exec make -s -C "$here/../cables" OUT="$here/../build/arm64" CC=aarch64-linux-gnu-gcc pi \
    USB="-I$root/usr/include -I$root/usr/include/libusb-1.0 -L$libraries -Wl,-rpath-link,$libraries -lusbredirhost -lusb-1.0"
