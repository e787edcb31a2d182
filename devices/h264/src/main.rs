//! The device as a program of its own; `dkvm-device h264` is the same.

fn main() {
    std::process::exit(dkvm_h264::main());
}
