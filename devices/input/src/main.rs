//! The device as a program of its own; `dkvm-device input` is the same.

fn main() {
    std::process::exit(dkvm_input::main());
}
