//! The device as a program of its own; `dkvm-device power` is the same.

fn main() {
    std::process::exit(dkvm_power::main());
}
