//! dkvm-sdk
