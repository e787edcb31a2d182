//! The device as a program of its own; `dkvm-device mic` is the same.

fn main() {
    std::process::exit(dkvm_mic::main());
}
