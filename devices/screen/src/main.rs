//! The device as a program of its own; `dkvm-device screen` is the same.

fn main() {
    std::process::exit(dkvm_screen::main());
}
