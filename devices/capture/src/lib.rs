//! dkvm-capture
