//! The device as a program of its own; `dkvm-device speaker` is the same.

fn main() {
    std::process::exit(dkvm_speaker::main());
}
