//! The device as a program of its own; `dkvm-device capture` is the same.

fn main() {
    std::process::exit(dkvm_capture::main());
}
