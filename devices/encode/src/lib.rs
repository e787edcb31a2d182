//! dkvm-encode
