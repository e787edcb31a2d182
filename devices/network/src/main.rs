//! The device as a program of its own; `dkvm-device network` is the same.

fn main() {
    std::process::exit(dkvm_network::main());
}
