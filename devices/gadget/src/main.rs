//! The device as a program of its own; `dkvm-device gadget` is the same.

fn main() {
    std::process::exit(dkvm_gadget::main());
}
