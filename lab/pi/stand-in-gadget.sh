#!/bin/sh
# A keyboard gadget without our software, for the lab's own test.
set -e
gadget=/sys/kernel/config/usb_gadget/stand-in
mkdir -p $gadget/strings/0x409 $gadget/configs/c.1 $gadget/functions/hid.0
cd $gadget
echo 0x1d6b >idVendor
echo 0x0104 >idProduct
echo 'stand-in keyboard' >strings/0x409/product
echo 1 >functions/hid.0/protocol
echo 1 >functions/hid.0/subclass
echo 8 >functions/hid.0/report_length
# the boot keyboard of the HID specification, appendix B.1
printf '\x05\x01\x09\x06\xa1\x01\x05\x07\x19\xe0\x29\xe7\x15\x00\x25\x01\x75\x01\x95\x08\x81\x02\x95\x01\x75\x08\x81\x03\x95\x05\x75\x01\x05\x08\x19\x01\x29\x05\x91\x02\x95\x01\x75\x03\x91\x03\x95\x06\x75\x08\x15\x00\x25\x65\x05\x07\x19\x00\x29\x65\x81\x00\xc0' >functions/hid.0/report_desc
ln -s functions/hid.0 configs/c.1/
echo dummy_udc.0 >UDC
