//! dkvm-kernel
