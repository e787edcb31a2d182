//! The device as a program of its own; `dkvm-device peer` is the same.

fn main() {
    std::process::exit(dkvm_peer::main());
}
