//! The device as a program of its own; `dkvm-device fetch` is the same.

fn main() {
    std::process::exit(dkvm_fetch::main());
}
