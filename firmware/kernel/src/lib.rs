//! # dkvm-kernel
//!
//! The device manager, memory manager, router, configuration and log of a dKVM node: all that
//! `dkvm kernel` does, as a library.

pub mod client;
pub mod config;
pub mod memory;
