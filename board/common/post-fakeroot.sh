#!/bin/sh
# Buildroot runs this at the end, as root of a kind: nobody becomes root by a program of the image.  post-fakeroot.sh TARGET_DIR
set -eu
find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +
# Buildroot's table of devices makes these for programs that are not here.
rm -rf "$1/etc/network"
