//! dkvm-device
fn main() {}
