//! dkvm
fn main() {}
