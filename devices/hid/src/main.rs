//! The device as a program of its own; `dkvm-device hid` is the same.

fn main() {
    std::process::exit(dkvm_hid::main());
}
