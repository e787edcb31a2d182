//! The device as a program of its own; `dkvm-device serial` is the same.

fn main() {
    std::process::exit(dkvm_serial::main());
}
