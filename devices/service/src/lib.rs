//! # dkvm-service
//!
//! A program that knows nothing of dKVM (mdev, dropbear), run as a device: started, watched, ended and started again by the
//! kernel like any other, with its output in the log.
//!
//! In and out: no topics. What it needs of Linux is what the program needs.
//!
//! The program is in a process group of its own, and never outlives this device: Linux kills it when this process
//! ends, however it ends; what it started itself, the kernel then ends. Its standard input is empty, its output is the log;
//! of the connection to the kernel it gets nothing.

mod config;
mod device;
mod error;
mod find;
mod launch;
mod program;

pub use error::Error;

use dkvm_sdk::Identity;

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    if let Some(code) = launch::take_over(std::env::args_os()) {
        return code;
    }
    dkvm_sdk::main(
        Identity::new("service", env!("CARGO_PKG_VERSION")),
        device::run,
    )
}
