//! The device as a program of its own; `dkvm-device led` is the same.

fn main() {
    std::process::exit(dkvm_led::main());
}
