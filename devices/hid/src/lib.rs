//! dkvm-hid
