//! The device as a program of its own; `dkvm-device service` is the same.

fn main() {
    std::process::exit(dkvm_service::main());
}
