//! The device as a program of its own; `dkvm-device typist` is the same.

fn main() {
    std::process::exit(dkvm_typist::main());
}
