//! The device as a program of its own; `dkvm-device usbnet` is the same.

fn main() {
    std::process::exit(dkvm_usbnet::main());
}
