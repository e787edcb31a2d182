//! The device as a program of its own; `dkvm-device encode` is the same.

fn main() {
    std::process::exit(dkvm_encode::main());
}
