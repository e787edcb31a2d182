//! The device as a program of its own; `dkvm-device audio` is the same.

fn main() {
    std::process::exit(dkvm_audio::main());
}
