//! The storage device alone, for tests; the image has it in `dkvm-device`.

fn main() {
    std::process::exit(dkvm_storage::main());
}
