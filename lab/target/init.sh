#!/bin/busybox sh
# shellcheck shell=dash
# The target PC's whole operating system: drivers, a shell on the screen, and the reporter.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/input /dev/pts /tmp
mount -t devpts devpts /dev/pts
modprobe -a virtio_pci virtio_console
modprobe -a evdev xhci-pci usbhid hid-generic
/bin/reporter /dev/vport0p1 &
modprobe bochs
hostname target
# the picture holds still unless something is typed: no blinking cursor
printf '\033[?25l\033[2J\033[H' >/dev/tty1
export PS1='target# '
while true; do
    setsid -c sh </dev/tty1 >/dev/tty1 2>&1
done
